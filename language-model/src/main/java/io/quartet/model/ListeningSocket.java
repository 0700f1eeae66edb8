package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A socket that listens on one address, as the number of its file descriptor, and how others find
 * it. torch's TCPStore listens on every interface unless it is given such a number, and Java does
 * not tell it; Linux does, under {@code /proc}.
 */
final class ListeningSocket {
  private static final Path TABLES = Path.of("/proc/self/net");
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final String LISTENS = "0A";

  private ListeningSocket() {}

  /**
   * Listens. Whoever takes the descriptor closes it; the channel is left alone from here on.
   *
   * @return empty where there is no {@code /proc}: nothing listens then
   * @throws QuartetException UNAVAILABLE if the address cannot be had
   */
  @SuppressWarnings("resource") // its descriptor is given away
  static OptionalInt open(InetSocketAddress address) {
    if (!Files.isDirectory(DESCRIPTORS) || !Files.isReadable(TABLES.resolve("tcp"))) {
      return OptionalInt.empty();
    }
    try {
      ServerSocketChannel channel = ServerSocketChannel.open().bind(address);
      Optional<String> inode = inode(((InetSocketAddress) channel.getLocalAddress()).getPort());
      OptionalInt descriptor = inode.isEmpty() ? OptionalInt.empty() : descriptor(inode.get());
      if (descriptor.isEmpty()) {
        channel.close();
      }
      return descriptor;
    } catch (IOException e) {
      throw new QuartetException(
          ErrorCode.UNAVAILABLE,
          "replicas: cannot listen on %s (%s)".formatted(address, e.getMessage()),
          e);
    }
  }

  /**
   * Whether somebody listens. Where nobody does and the port is one that Linux gives to outgoing
   * connections, one attempt in some thousand is given the very port and meets itself, which is no
   * answer; and then it must not keep the port from whoever comes to listen.
   */
  static boolean answers(InetSocketAddress address, Duration timeout) {
    try (var socket = new Socket()) {
      socket.setReuseAddress(true);
      socket.connect(address, (int) timeout.toMillis());
      return !socket.getLocalSocketAddress().equals(socket.getRemoteSocketAddress());
    } catch (IOException e) {
      return false;
    }
  }

  /** The columns are: number, local address, remote address, state, …, inode (the tenth). */
  private static Optional<String> inode(int port) throws IOException {
    String local = ":%04X".formatted(port);
    for (String table : new String[] {"tcp6", "tcp"}) {
      Path file = TABLES.resolve(table);
      for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
        String[] columns = line.strip().split("\\s+", -1);
        if (columns.length > 9 && columns[1].endsWith(local) && columns[3].equals(LISTENS)) {
          return Optional.of(columns[9]);
        }
      }
    }
    return Optional.empty();
  }

  private static OptionalInt descriptor(String inode) throws IOException {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path descriptor : descriptors) {
        try {
          if (Files.readSymbolicLink(descriptor).toString().equals("socket:[" + inode + "]")) {
            return OptionalInt.of(Integer.parseInt(descriptor.getFileName().toString()));
          }
        } catch (NoSuchFileException e) {
          continue; // closed since it was listed
        }
      }
    }
    return OptionalInt.empty();
  }
}
