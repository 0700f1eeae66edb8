package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Folders;
import io.quartet.checkpoint.QuartetException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Writes {@link TokenShards}, document after document, with a fixed amount of memory. */
public final class TokenShardWriter implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 16;

  /** What an index of 2 GiB, the most that can be mapped at once, has room for. */
  private static final int MOST_DOCUMENTS = Integer.MAX_VALUE / Long.BYTES - 1;

  private final Path folder;
  private final int width;
  private final int shardTokens;
  private final Output index;
  private @Nullable Output shard;
  private long tokens;
  private int documents;

  /**
   * A writer into a new folder.
   *
   * @param vocabulary one more than the highest token id
   * @throws QuartetException RESOURCE_EXHAUSTED if the disk is full, FAILED_PRECONDITION if the
   *     folder cannot be written; so do all methods
   */
  public TokenShardWriter(Path folder, int vocabulary) {
    this(folder, vocabulary, TokenShards.SHARD_TOKENS);
  }

  TokenShardWriter(Path folder, int vocabulary, int shardTokens) {
    Folders.create(folder);
    this.folder = folder;
    this.width = vocabulary <= 1 << 16 ? 2 : 4;
    this.shardTokens = shardTokens;
    this.index = new Output(folder.resolve(TokenShards.INDEX));
    index.room(Long.BYTES).putLong(0);
  }

  /** Adds tokens to the document under way. */
  public void add(int... some) {
    for (int token : some) {
      if (shard == null || tokens % shardTokens == 0) {
        if (shard != null) {
          shard.close();
        }
        shard = new Output(folder.resolve(TokenShards.name((int) (tokens / shardTokens))));
      }
      ByteBuffer room = shard.room(width);
      if (width == 2) {
        room.putShort((short) token);
      } else {
        room.putInt(token);
      }
      tokens++;
    }
  }

  /**
   * Ends the document.
   *
   * @throws QuartetException OUT_OF_RANGE if there are more than 268 million
   */
  public void endDocument() {
    if (documents == MOST_DOCUMENTS) {
      throw new QuartetException(
          ErrorCode.OUT_OF_RANGE,
          "%s: more documents than %d, expected longer ones".formatted(folder, MOST_DOCUMENTS));
    }
    documents++;
    index.room(Long.BYTES).putLong(tokens);
  }

  /** Tokens written so far. */
  public long tokens() {
    return tokens;
  }

  /** Documents written so far. */
  public int documents() {
    return documents;
  }

  /** Makes all of it survive a power cut. */
  @Override
  public void close() {
    if (shard != null) {
      shard.close();
    }
    index.close();
    Folders.sync(folder);
  }

  /** A file under way. */
  private static final class Output {
    private final Path file;
    private final FileOutputStream stream; // not a channel, which an interrupt would close
    private final ByteBuffer buffer =
        ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    Output(Path file) {
      this.file = file;
      try {
        this.stream = new FileOutputStream(file.toFile());
      } catch (IOException e) {
        throw QuartetException.writing(file, e);
      }
    }

    ByteBuffer room(int bytes) {
      if (buffer.remaining() < bytes) {
        flush();
      }
      return buffer;
    }

    private void flush() {
      try {
        stream.write(buffer.array(), 0, buffer.position());
        buffer.clear();
      } catch (IOException e) {
        throw QuartetException.writing(file, e);
      }
    }

    void close() {
      try (stream) {
        flush();
        stream.getFD().sync();
      } catch (IOException e) {
        throw QuartetException.writing(file, e);
      }
    }
  }
}
