package io.quartet.decoder;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of prompts that were read, so that a prompt that begins alike copies them and
 * reads only its rest. They lie in blocks of {@link #BLOCK} tokens, each known by its tokens and
 * the block before it, so prompts share what they have in common; the block that was used longest
 * ago goes first.
 *
 * <p>A copied beginning gives the rest the same bits as reading it, since a prompt's keys and
 * values do not depend on how it is cut into steps. Answers do not come in here: a step of single
 * tokens rounds otherwise than a prompt's.
 *
 * <p>Not thread-safe.
 */
final class PrefixCache implements AutoCloseable {
  static final int BLOCK = 32;

  private final long bytesPerBlock;
  private final long mostBlocks;
  private final Map<Key, Block> blocks = new HashMap<>();
  private final Set<Block> byAge = new LinkedHashSet<>(); // least recently used first

  /** Of a model's keys and values, at most so many bytes. */
  PrefixCache(ModelConfig config, long bytes) {
    this.bytesPerBlock = BLOCK * KvCache.bytesPerPosition(config);
    this.mostBlocks = bytes / bytesPerBlock;
  }

  /** Whether it may keep anything. */
  boolean enabled() {
    return mostBlocks > 0;
  }

  /** How many of the first {@code most} tokens could be copied. */
  int match(int[] tokens, int most) {
    return BLOCK * chain(tokens, most).size();
  }

  /**
   * Copies keys and values of the longest known beginning into a slot, which must have room.
   *
   * @param most tokens to copy
   * @return how many were copied
   */
  int restore(int[] tokens, int most, DecoderSession session, int slot) {
    List<Block> chain = chain(tokens, most);
    for (int i = 0; i < chain.size(); i++) {
      session.load(slot, i * BLOCK, BLOCK, chain.get(i).floats());
    }
    touch(chain);
    return BLOCK * chain.size();
  }

  /** Keeps what a slot has of a prompt's first {@code length} tokens, whole blocks of it. */
  void store(int[] tokens, int length, DecoderSession session, int slot) {
    int most = (int) Math.min(mostBlocks, length / BLOCK);
    List<Block> chain = chain(tokens, BLOCK * most);
    touch(chain); // so that what goes to make room is another's
    while (chain.size() < most) {
      int from = BLOCK * chain.size();
      DirectMemory memory = makeRoom();
      if (memory == null) {
        break;
      }
      var block = new Block(key(chain, tokens, true), memory);
      session.save(slot, from, BLOCK, block.floats());
      blocks.put(block.key, block);
      byAge.add(block);
      chain.add(block);
    }
    touch(chain);
  }

  @Override
  public void close() {
    blocks.values().forEach(block -> block.memory.close());
    blocks.clear();
    byAge.clear();
  }

  /** The known blocks that the tokens begin with. */
  private List<Block> chain(int[] tokens, int most) {
    List<Block> chain = new ArrayList<>();
    while (BLOCK * (chain.size() + 1) <= most) {
      Block next = blocks.get(key(chain, tokens, false));
      if (next == null) {
        break;
      }
      chain.add(next);
    }
    return chain;
  }

  /** A block's key, over a copy of the tokens if it is to be kept. */
  private static Key key(List<Block> before, int[] tokens, boolean copied) {
    Block parent = before.isEmpty() ? null : before.get(before.size() - 1);
    IntBuffer view = IntBuffer.wrap(tokens, BLOCK * before.size(), BLOCK);
    if (!copied) {
      return new Key(parent, view);
    }
    return new Key(parent, IntBuffer.allocate(BLOCK).put(view).flip());
  }

  /** Later blocks first, so that one is always older than what it continues, and goes before it. */
  private void touch(List<Block> chain) {
    for (int i = chain.size() - 1; i >= 0; i--) {
      byAge.remove(chain.get(i));
      byAge.add(chain.get(i));
    }
  }

  /** Memory of a block, a new one's or the oldest's; null if the machine has none. */
  private @Nullable DirectMemory makeRoom() {
    if (blocks.size() < mostBlocks) {
      try {
        return DirectMemory.allocate(bytesPerBlock, "prefix cache");
      } catch (QuartetException e) {
        return null; // a cache may do without
      }
    }
    Block oldest = byAge.iterator().next();
    byAge.remove(oldest);
    blocks.remove(oldest.key);
    return oldest.memory;
  }

  /** What a block holds: these tokens, after those of the block before. */
  private record Key(@Nullable Block parent, IntBuffer tokens) {}

  private static final class Block {
    private final Key key;
    private final DirectMemory memory;

    Block(Key key, DirectMemory memory) {
      this.key = key;
      this.memory = memory;
    }

    FloatBuffer floats() {
      return memory.buffer().asFloatBuffer();
    }
  }
}
