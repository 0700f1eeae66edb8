package io.quartet.service;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.v1.CancelStageRequest;
import io.quartet.v1.GetStageRequest;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StartRequest;
import io.quartet.v1.TrainingServiceGrpc;
import io.quartet.v1.WatchStageRequest;
import io.smallrye.common.annotation.Blocking;

/** The same four calls for every training stage. */
@GrpcService
public class TrainingEndpoint extends TrainingServiceGrpc.TrainingServiceImplBase {
  private final StageHost host;

  /**
   * @param host has this process's stage, if it trains one
   */
  public TrainingEndpoint(StageHost host) {
    this.host = host;
  }

  @Override
  @Blocking
  public void start(StartRequest request, StreamObserver<StageProgress> responses) {
    responses.onNext(host.coordinator().start(request.getRun(), request.getRecipeYaml()));
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void get(GetStageRequest request, StreamObserver<StageProgress> responses) {
    responses.onNext(host.coordinator().run(request.getRun()).progress());
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void watch(WatchStageRequest request, StreamObserver<StageProgress> responses) {
    ProgressStream.send(
        host.coordinator().run(request.getRun()),
        (ServerCallStreamObserver<StageProgress>) responses);
  }

  @Override
  @Blocking
  public void cancel(CancelStageRequest request, StreamObserver<StageProgress> responses) {
    host.coordinator()
        .cancel(request.getRun())
        .thenAccept(
            last -> {
              responses.onNext(last);
              responses.onCompleted();
            });
  }
}
