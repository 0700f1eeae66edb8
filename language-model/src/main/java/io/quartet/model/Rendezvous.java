package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.model.ReplicaGroup.Seat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.IntOptional;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;
import org.jspecify.annotations.Nullable;

/**
 * How processes meet: rank 0 opens a TCPStore at its address, writes what it is about to train, and
 * waits until each of the others has signed. A store lives as long as its group and takes each rank
 * once, so a process that starts again never gets into a group that has lost it.
 */
final class Rendezvous {
  /** How long rank 0 waits for the others: a process that ended has to be started again. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final Duration STORE_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final String PURPOSE = "purpose";
  private static final String COMPLETE = "complete";

  private final Seat seat;
  private final String purpose;
  private final Runnable waiting;

  Rendezvous(Seat seat, String purpose, Runnable waiting) {
    WeightSource.requireNoPointerScope();
    this.seat = seat;
    this.purpose = purpose;
    this.waiting = waiting;
  }

  ReplicaGroup meet() {
    TCPStore store = seat.rank() == 0 ? host() : find();
    var keys = new PrefixStore("group", store);
    try {
      Backend backend = TorchRuntime.cuda() ? nccl(keys) : gloo(keys);
      return new TorchReplicaGroup(seat, List.of(keys, store), backend);
    } catch (RuntimeException e) {
      keys.close();
      store.close();
      throw TorchReplicaGroup.lost(seat, e);
    }
  }

  private TCPStore host() {
    TCPStore store = open(true);
    try {
      store.set(PURPOSE, purpose);
      long end = System.nanoTime() + PATIENCE.toNanos();
      for (List<Integer> missing = missing(store); !missing.isEmpty(); missing = missing(store)) {
        if (System.nanoTime() > end) {
          throw new QuartetException(
              ErrorCode.DEADLINE_EXCEEDED,
              "replicas: of %d, rank %s did not come to %s within %d minutes"
                  .formatted(seat.size(), missing, leader(), PATIENCE.toMinutes()));
        }
        pause();
      }
      store.set(COMPLETE, "");
      return store;
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private List<Integer> missing(TCPStore store) {
    return IntStream.range(1, seat.size())
        .filter(rank -> !has(store, signature(rank)))
        .boxed()
        .toList();
  }

  /** Waits for the leader as long as the caller does. */
  private TCPStore find() {
    while (true) {
      if (listens()) {
        TCPStore store = signed();
        if (store != null) {
          return store;
        }
      }
      pause();
    }
  }

  /** The leader's store with this rank's signature, or null if that is not what is sought. */
  private @Nullable TCPStore signed() {
    TCPStore store;
    try {
      store = open(false);
    } catch (RuntimeException e) {
      return null; // the leader has just gone
    }
    boolean in = false;
    try {
      if (store.get_to_str(PURPOSE).equals(purpose) && store.add(signature(seat.rank()), 1) == 1) {
        while (!has(store, COMPLETE)) {
          pause();
        }
        in = true;
        return store;
      }
    } catch (QuartetException e) {
      throw e; // the caller waits no longer
    } catch (RuntimeException e) {
      return null; // the leader gave up waiting for others
    } finally {
      if (!in) {
        store.close();
      }
    }
    return null;
  }

  private static String signature(int rank) {
    return "rank/" + rank;
  }

  private static boolean has(TCPStore store, String key) {
    try (var scope = new PointerScope()) {
      return store.check(new StringVector(key));
    }
  }

  private TCPStore open(boolean serves) {
    try (var scope = new PointerScope()) {
      var options =
          new TCPStoreOptions()
              .port((short) seat.leader().getPort())
              .isServer(serves)
              .waitWorkers(false)
              .timeout(new Milliseconds(STORE_TIMEOUT.toMillis()));
      if (serves) {
        OptionalInt socket = ListeningSocket.open(resolved());
        if (socket.isPresent()) {
          options.masterListenFd(new IntOptional(socket.getAsInt()));
        }
      }
      return new TCPStore(resolved().getAddress().getHostAddress(), options).retainReference();
    }
  }

  private ProcessGroupGloo gloo(Store store) {
    try (var scope = new PointerScope()) {
      var options = ProcessGroupGloo.Options.create(new Milliseconds(seat.deadline().toMillis()));
      options.devices(new GlooDeviceVector(ProcessGroupGloo.createDeviceForHostname(ownAddress())));
      return new ProcessGroupGloo(store, seat.rank(), seat.size(), options).retainReference();
    }
  }

  private ProcessGroupNCCL nccl(Store store) {
    try (var scope = new PointerScope()) {
      var options = ProcessGroupNCCL.Options.create();
      options.timeout(new Milliseconds(seat.deadline().toMillis()));
      return new ProcessGroupNCCL(store, seat.rank(), seat.size(), options).retainReference();
    }
  }

  /** The address under which the leader, and so the others, can reach this process. */
  private String ownAddress() {
    try (var socket = new DatagramSocket()) {
      socket.connect(resolved()); // sends nothing; it only chooses the route
      return socket.getLocalAddress().getHostAddress();
    } catch (IOException | UncheckedIOException e) {
      throw new QuartetException(
          ErrorCode.UNAVAILABLE,
          "replicas: no way to %s (%s)".formatted(leader(), e.getMessage()),
          e);
    }
  }

  private String leader() {
    return seat.leader().getHostString() + ":" + seat.leader().getPort();
  }

  /** Anew each time: the leader's name may get another address when it starts again. */
  private InetSocketAddress resolved() {
    try {
      return new InetSocketAddress(
          InetAddress.getByName(seat.leader().getHostString()), seat.leader().getPort());
    } catch (IOException e) {
      throw new QuartetException(
          ErrorCode.UNAVAILABLE,
          "replicas: '%s' has no address".formatted(seat.leader().getHostString()),
          e);
    }
  }

  /** Asked first, because torch prints a warning for each connection that is refused. */
  private boolean listens() {
    try {
      return ListeningSocket.answers(resolved(), STORE_TIMEOUT);
    } catch (QuartetException e) {
      return false; // its name has no address yet
    }
  }

  private void pause() {
    waiting.run();
    try {
      Thread.sleep(POLL.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuartetException(ErrorCode.CANCELLED, "interrupted while replicas meet", e);
    }
  }
}
