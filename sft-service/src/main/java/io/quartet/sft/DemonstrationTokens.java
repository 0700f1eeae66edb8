package io.quartet.sft;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.EncodedConversation;
import io.quartet.checkpoint.Folders;
import io.quartet.datasets.DataSummary;
import io.quartet.datasets.Demonstration;
import io.quartet.datasets.Reading;
import io.quartet.model.TokenSequence;
import io.quartet.model.TokenShardWriter;
import io.quartet.model.TokenShards;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/**
 * A user's demonstrations as tokens, mapped into memory, so that there may be more of them than fit
 * there. In the shards a token is twice its id, plus one if it is trained.
 */
final class DemonstrationTokens {
  private static final String FOLDER = "demonstrations";

  /** Demonstrations between two reports. */
  private static final int REPORT_EVERY = 256;

  private final TokenShards shards;
  private final DataSummary summary;

  private DemonstrationTokens(TokenShards shards, DataSummary summary) {
    this.shards = shards;
    this.summary = summary;
  }

  /**
   * Encodes demonstrations as they are read, into a folder of the stage's own.
   *
   * @param vocabulary one more than the highest token id
   * @param written told now and then how many demonstrations are written
   * @throws io.quartet.checkpoint.QuartetException as {@link Reading#hasNext}; RESOURCE_EXHAUSTED
   *     if the disk is full
   */
  static DemonstrationTokens write(
      Path scratch,
      Reading<Demonstration> demonstrations,
      ChatTemplate template,
      int vocabulary,
      LongConsumer written) {
    Path folder = scratch.resolve(FOLDER);
    Folders.deleteTree(folder); // of an earlier process, perhaps unfinished
    try (var writer = new TokenShardWriter(folder, 2 * vocabulary)) {
      while (demonstrations.hasNext()) {
        writer.add(packed(template.encode(demonstrations.next().conversation())));
        writer.endDocument();
        if (writer.documents() % REPORT_EVERY == 0) {
          written.accept(writer.documents());
        }
      }
    }
    return new DemonstrationTokens(TokenShards.open(folder), demonstrations.summary());
  }

  private static int[] packed(EncodedConversation conversation) {
    int[] packed = new int[conversation.length()];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = 2 * conversation.tokenIds()[i] + (conversation.trained()[i] ? 1 : 0);
    }
    return packed;
  }

  /** How many there are. */
  int size() {
    return shards.documents();
  }

  /** One of them, in the files' order. */
  TokenSequence get(int number) {
    int[] packed = shards.document(number);
    boolean[] trained = new boolean[packed.length];
    for (int i = 0; i < packed.length; i++) {
      trained[i] = packed[i] % 2 == 1;
      packed[i] /= 2;
    }
    return TokenSequence.of(packed, trained);
  }

  /** What was found in the files. */
  DataSummary summary() {
    return summary;
  }
}
