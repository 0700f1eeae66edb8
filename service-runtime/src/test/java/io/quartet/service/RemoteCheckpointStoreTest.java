package io.quartet.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.TensorSource;
import io.quartet.checkpoint.TinyCheckpoints;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.CheckpointServiceGrpc;
import io.quartet.v1.DownloadRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RemoteCheckpointStoreTest {
  private static final CheckpointId ID = new CheckpointId(Stage.BASE, "r", 7);

  @TempDir Path folder;
  private final Events events = new Events("127.0.0.1:1", (short) 1);
  private CheckpointStore theirs;
  private CheckpointStore ours;
  private CheckpointServer server;
  private Checkpoint original;
  private RemoteCheckpointStore remote;

  @BeforeEach
  void serveACheckpointOfSeveralChunks() throws Exception {
    theirs = new CheckpointStore(folder.resolve("theirs"));
    ours = new CheckpointStore(folder.resolve("ours"));
    try (var pending = theirs.begin(ID)) {
      ModelConfig config = TinyCheckpoints.CONFIG;
      TinyCheckpoints.write(pending.directory(), config, 3);
      Files.write(
          pending.directory().resolve("extra.bin"), new byte[3 * FileStream.CHUNK_BYTES + 5]);
      original = pending.publish();
    }
    server = new CheckpointServer(theirs, events);
    remote = new RemoteCheckpointStore(ours, folder.resolve("incoming"));
  }

  @AfterEach
  void stop() {
    server.close();
    events.close();
  }

  @Test
  void aFetchedCheckpointIsTheSameToTheByte() throws Exception {
    Checkpoint fetched = remote.fetch(announcement());

    assertThat(fetched.digest()).isEqualTo(original.digest());
    assertThat(ours.get(ID).directory()).isEqualTo(fetched.directory());
    assertThat(Files.mismatch(original.weights(), fetched.weights())).isEqualTo(-1);
    assertThat(folder.resolve("incoming")).isEmptyDirectory();
  }

  @Test
  void anAdapterBringsItsBaseWithIt() throws Exception {
    var lora = new LoraConfig(2, 4, List.of("q_proj"), 0);
    Adapter adapter = Adapter.on(original, lora);
    Checkpoint theirAdapter;
    try (var pending = theirs.begin(CheckpointId.parse("sft/demo/2"))) {
      Path directory = pending.directory();
      original.config().write(directory);
      original.training().write(directory);
      adapter.write(directory, original.config());
      Safetensors.write(
          directory.resolve(Adapter.WEIGHTS),
          adapter.metadata(),
          adapter.tensorShapes(original.config()).entrySet().stream()
              .map(
                  tensor -> {
                    long[] shape = tensor.getValue();
                    float[] ones = new float[(int) (shape[0] * shape[1])];
                    Arrays.fill(ones, 1);
                    return TensorSource.of(tensor.getKey(), ones, shape);
                  })
              .toList());
      theirAdapter = pending.publish();
    }

    Checkpoint fetched = remote.fetch(CheckpointAnnouncement.of(theirAdapter, server.endpoint()));

    assertThat(ours.get(original.id()).digest()).isEqualTo(original.digest());
    assertThat(Files.mismatch(fetched.weights(), theirAdapter.weights())).isEqualTo(-1);
    assertThat(Files.mismatch(fetched.weights(), original.weights())).isNotEqualTo(-1);
    assertThat(fetched.digest()).isEqualTo(theirAdapter.digest());
  }

  @Test
  void aCutDownloadGoesOnWhereItStopped() throws Exception {
    server.cutNext(1000);
    var interrupted = new Thread(this::fetchUntilInterrupted);
    interrupted.start();
    Path partial = folder.resolve("incoming").resolve(original.digest()).resolve("extra.bin");
    while (!Files.exists(partial) || Files.size(partial) < FileStream.CHUNK_BYTES) {
      Thread.sleep(5);
    }
    interrupted.interrupt();
    interrupted.join();
    server.cutNext(0);
    int before = server.offsets().size();

    Checkpoint fetched =
        new RemoteCheckpointStore(ours, folder.resolve("incoming")).fetch(announcement());

    assertThat(fetched.digest()).isEqualTo(original.digest());
    assertThat(server.offsets().subList(before, server.offsets().size()))
        .anyMatch(offset -> offset >= FileStream.CHUNK_BYTES);
  }

  private void fetchUntilInterrupted() {
    try {
      remote.fetch(announcement());
    } catch (InterruptedException | QuartetException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void anUnstableLineIsRetriedFromWhereItBroke() throws Exception {
    server.cutNext(3);

    assertThat(remote.fetch(announcement()).digest()).isEqualTo(original.digest());
  }

  @Test
  void wrongBytesAreDataLossNamingFileFoundAndExpected() throws Exception {
    Path weights = original.weights();
    byte[] last = {1};
    try (var channel = java.nio.channels.FileChannel.open(weights, StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.wrap(last), Files.size(weights) - 1);
    }

    assertThatThrownBy(() -> remote.fetch(announcement()))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_LOSS))
        .hasMessageMatching(
            "checkpoint 'base/r/7', file 'model.safetensors': SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}");
    assertThat(ours.find(ID)).isEmpty();
  }

  @Test
  void aWrongOverallDigestIsDataLoss() {
    String wrong = "0".repeat(64);
    assertThatThrownBy(() -> remote.fetch(announcement().toBuilder().setDigest(wrong).build()))
        .hasMessage(
            "checkpoint 'base/r/7': its files' digest is %s, expected %s"
                .formatted(original.digest(), wrong));
    assertThat(ours.find(ID)).isEmpty();
  }

  @Test
  void aFileNameThatLeavesTheFolderIsRefused() {
    var evil = announcement().toBuilder();
    evil.getFilesBuilder(0).setName("../evil");

    assertThatThrownBy(() -> remote.fetch(evil.build()))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessageContaining("'../evil'");
  }

  @Test
  void anUnlistedFileIsNotServed() {
    ManagedChannel channel = GrpcChannels.open(server.endpoint());
    var request =
        DownloadRequest.newBuilder()
            .setCheckpointId("base/r/7")
            .setFile("../7/config.json")
            .build();

    assertThatThrownBy(
            () ->
                CheckpointServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(10, TimeUnit.SECONDS)
                    .download(request)
                    .next())
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(io.grpc.Status.Code.NOT_FOUND);
              assertThat(StatusProto.fromThrowable(e).getDetailsList()).hasSize(1);
            });
    channel.shutdownNow();
  }

  @Test
  void aCheckpointThatIsHereAlreadyIsNotFetchedAgain() throws Exception {
    CheckpointPublished announcement = announcement();
    remote.fetch(announcement);
    server.close();

    assertThat(remote.fetch(announcement).digest()).isEqualTo(original.digest());
  }

  private CheckpointPublished announcement() {
    return CheckpointAnnouncement.of(original, server.endpoint());
  }
}
