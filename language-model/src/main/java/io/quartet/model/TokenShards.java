package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Documents as tokens in files, mapped into memory, so that a corpus may be larger than memory and
 * is tokenised once. A folder has {@code tokens-00000.bin} and so on, each with the next 2²⁸ tokens
 * (the last with fewer) as unsigned little-endian integers of 2 bytes, or of 4 where the vocabulary
 * is larger than 2¹⁶; and {@code documents.idx}, 8-byte little-endian integers: where each document
 * begins, counted in tokens, and where the last one ends. Safe for any thread.
 */
public final class TokenShards {
  static final String INDEX = "documents.idx";
  static final int SHARD_TOKENS = 1 << 28;

  private final int width;
  private final int shardTokens;
  private final MappedByteBuffer index;
  private final List<MappedByteBuffer> shards;

  private TokenShards(
      int width, int shardTokens, MappedByteBuffer index, List<MappedByteBuffer> shards) {
    this.width = width;
    this.shardTokens = shardTokens;
    this.index = index;
    this.shards = shards;
  }

  /**
   * Opens a folder that a {@link TokenShardWriter} has written.
   *
   * @throws QuartetException DATA_LOSS if the files do not have the sizes that they should,
   *     NOT_FOUND if there are none
   */
  public static TokenShards open(Path folder) {
    return open(folder, SHARD_TOKENS);
  }

  static TokenShards open(Path folder, int shardTokens) {
    MappedByteBuffer index = map(folder.resolve(INDEX));
    if (index.capacity() < Long.BYTES || index.capacity() % Long.BYTES != 0) {
      throw damaged(folder, "the index has %d bytes".formatted(index.capacity()));
    }
    long tokens = index.getLong(index.capacity() - Long.BYTES);
    var shards = new ArrayList<MappedByteBuffer>();
    long bytes = 0;
    for (long from = 0; from < tokens; from += shardTokens) {
      MappedByteBuffer shard = map(folder.resolve(name(shards.size())));
      bytes += shard.capacity();
      shards.add(shard);
    }
    if (bytes != 2 * tokens && bytes != 4 * tokens) {
      throw damaged(folder, "%d bytes for %d tokens".formatted(bytes, tokens));
    }
    return new TokenShards(bytes == 2 * tokens ? 2 : 4, shardTokens, index, shards);
  }

  static String name(int shard) {
    return "tokens-%05d.bin".formatted(shard);
  }

  private static MappedByteBuffer map(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MappedByteBuffer mapped = channel.map(MapMode.READ_ONLY, 0, Files.size(file));
      mapped.order(ByteOrder.LITTLE_ENDIAN);
      return mapped;
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }

  private static QuartetException damaged(Path folder, String found) {
    return new QuartetException(
        ErrorCode.DATA_LOSS,
        "%s: %s, expected a whole number of documents and tokens".formatted(folder, found));
  }

  /** How many documents there are. */
  public int documents() {
    return index.capacity() / Long.BYTES - 1;
  }

  /** How many tokens they have together. */
  public long tokens() {
    return begin(documents());
  }

  private long begin(int document) {
    return index.getLong(document * Long.BYTES);
  }

  /** How many tokens a document has. */
  public int length(int document) {
    return Math.toIntExact(begin(document + 1) - begin(document));
  }

  /** A document's tokens. */
  public int[] document(int number) {
    return document(number, 0, length(number));
  }

  /**
   * Some of a document's tokens.
   *
   * @param from the first one's index
   * @param to the index after the last one's, at most {@link #length}
   */
  public int[] document(int number, int from, int to) {
    int[] tokens = new int[to - from];
    long first = begin(number) + from;
    for (int i = 0; i < tokens.length; i++) {
      MappedByteBuffer shard = shards.get((int) ((first + i) / shardTokens));
      int at = (int) ((first + i) % shardTokens) * width;
      tokens[i] = width == 2 ? shard.getShort(at) & 0xffff : shard.getInt(at);
    }
    return tokens;
  }
}
