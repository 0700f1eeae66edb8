package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.NOT_FOUND;
import static io.quartet.checkpoint.ErrorCode.OUT_OF_RANGE;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.CheckpointServiceGrpc;
import io.quartet.v1.DownloadChunk;
import io.quartet.v1.DownloadRequest;
import io.quartet.v1.GetCheckpointRequest;
import io.quartet.v1.ListCheckpointsRequest;
import io.quartet.v1.ListCheckpointsResponse;
import io.smallrye.common.annotation.Blocking;

/** What this service has trained or fetched, and its bytes. */
@GrpcService
public class CheckpointEndpoint extends CheckpointServiceGrpc.CheckpointServiceImplBase {
  private final CheckpointExchange exchange;

  /**
   * @param exchange whose store is served
   */
  public CheckpointEndpoint(CheckpointExchange exchange) {
    this.exchange = exchange;
  }

  @Override
  @Blocking
  public void list(
      ListCheckpointsRequest request, StreamObserver<ListCheckpointsResponse> responses) {
    var response = ListCheckpointsResponse.newBuilder();
    exchange.store().list().stream()
        .filter(c -> request.getRun().isEmpty() || request.getRun().equals(c.id().run()))
        .map(exchange::describe)
        .forEach(response::addCheckpoints);
    responses.onNext(response.build());
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void get(GetCheckpointRequest request, StreamObserver<CheckpointPublished> responses) {
    var id = CheckpointId.parse(request.getCheckpointId());
    responses.onNext(exchange.describe(exchange.store().get(id)));
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void download(DownloadRequest request, StreamObserver<DownloadChunk> responses) {
    Checkpoint checkpoint = exchange.store().get(CheckpointId.parse(request.getCheckpointId()));
    // Only a listed file is opened, so no name can point out of the checkpoint's folder.
    CheckpointFile file =
        checkpoint.files().stream()
            .filter(candidate -> candidate.name().equals(request.getFile()))
            .findFirst()
            .orElseThrow(
                () ->
                    new QuartetException(
                        NOT_FOUND,
                        "checkpoint '%s' has no file '%s', it has %s"
                            .formatted(
                                checkpoint.id(),
                                request.getFile(),
                                checkpoint.files().stream().map(CheckpointFile::name).toList())));
    if (request.getOffset() < 0 || request.getOffset() > file.size()) {
      throw new QuartetException(
          OUT_OF_RANGE,
          "checkpoint '%s', file '%s': offset %d, expected 0 to %d"
              .formatted(checkpoint.id(), file.name(), request.getOffset(), file.size()));
    }
    FileStream.send(
        checkpoint.file(file.name()),
        request.getOffset(),
        (ServerCallStreamObserver<DownloadChunk>) responses);
  }
}
