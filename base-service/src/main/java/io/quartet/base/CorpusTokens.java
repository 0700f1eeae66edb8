package io.quartet.base;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quartet.checkpoint.Folders;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.datasets.Corpus;
import io.quartet.datasets.OwnDocuments;
import io.quartet.model.TokenShardWriter;
import io.quartet.model.TokenShards;
import io.quartet.recipe.Recipe;
import io.quartet.service.StageContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jboss.logging.Logger;

/**
 * A user's documents as tokens, in the stage's scratch folder: written once, beside their place,
 * fsynced and renamed, and used again by whoever goes on with the same recipe, tokenizer and files.
 *
 * @param training the documents to train on
 * @param heldOut those to measure by, as many as are needed
 * @param heldOutBytes length of these in UTF-8
 * @param heldOutCharacters length of these in Unicode code points
 * @param metrics what was found in the files, for the training record
 */
record CorpusTokens(
    TokenShards training,
    TokenShards heldOut,
    long heldOutBytes,
    long heldOutCharacters,
    Map<String, Object> metrics) {
  private static final Logger LOG = Logger.getLogger(CorpusTokens.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FOLDER = "corpus";
  private static final String ABOUT = "corpus.json";

  /** Documents between two reports. */
  private static final int REPORT_EVERY = 256;

  /** What stands beside the shards. */
  record About(
      String fingerprint, long heldOutBytes, long heldOutCharacters, Map<String, Object> metrics) {}

  /**
   * Finds or writes them, telling now and then how far it is.
   *
   * @throws QuartetException as {@link Corpus#own}; RESOURCE_EXHAUSTED if the disk is full
   */
  static CorpusTokens prepare(
      StageContext context, Corpus corpus, BaseStart start, Tokenizer tokenizer) {
    Path folder = context.scratch().resolve(FOLDER);
    String fingerprint = fingerprint(context.recipe(), corpus, start.tokenizerFiles());
    if (Files.exists(folder) && !about(folder).fingerprint().equals(fingerprint)) {
      LOG.warnf("%s is of other files or another tokenizer; the documents are read anew", folder);
      Folders.deleteTree(folder);
    }
    if (!Files.exists(folder)) {
      Path unfinished = context.scratch().resolve(FOLDER + ".tmp");
      Folders.deleteTree(unfinished);
      Folders.create(unfinished);
      int steps = context.recipe().base().steps();
      LongConsumer written =
          tokens ->
              context.progress(
                  0, steps, "reading documents", Map.of("corpus_tokens", (double) tokens));
      written.accept(0);
      var encoder = new DocumentEncoder(tokenizer, start.config());
      int vocabulary = Math.max(tokenizer.vocabularySize(), start.config().vocabularySize());
      publish(
          unfinished, folder, write(unfinished, fingerprint, corpus, encoder, vocabulary, written));
    }
    About about = about(folder);
    return new CorpusTokens(
        TokenShards.open(folder.resolve("training")),
        TokenShards.open(folder.resolve("held-out")),
        about.heldOutBytes(),
        about.heldOutCharacters(),
        about.metrics());
  }

  private static About write(
      Path folder,
      String fingerprint,
      Corpus corpus,
      DocumentEncoder encoder,
      int vocabulary,
      LongConsumer written) {
    long bytes = 0;
    long characters = 0;
    try (var training = new TokenShardWriter(folder.resolve("training"), vocabulary);
        var heldOut = new TokenShardWriter(folder.resolve("held-out"), vocabulary);
        OwnDocuments own = corpus.own()) {
      while (own.hasNext()) {
        OwnDocuments.Part part = own.next();
        String text = part.document().text();
        if (!part.heldOut()) {
          encoder.encode(text, training::add);
          training.endDocument();
        } else if (bytes < BaseText.HELD_OUT_BYTES) {
          String kept = upTo(BaseText.HELD_OUT_BYTES - bytes, text);
          encoder.encode(kept, heldOut::add);
          heldOut.endDocument();
          bytes += kept.getBytes(StandardCharsets.UTF_8).length;
          characters += kept.codePointCount(0, kept.length());
        }
        if (training.documents() % REPORT_EVERY == 0) {
          written.accept(training.tokens());
        }
      }
      own.summary().lines().forEach(LOG::info);
      LOG.infof("%d documents, %d tokens", training.documents(), training.tokens());
      return new About(fingerprint, bytes, characters, own.summary().toMetrics());
    }
  }

  private static String upTo(long characters, String text) {
    if (characters >= text.length()) {
      return text;
    }
    int end = (int) characters;
    return text.substring(0, Character.isLowSurrogate(text.charAt(end)) ? end + 1 : end);
  }

  private static void publish(Path unfinished, Path folder, About about) {
    Path file = unfinished.resolve(ABOUT);
    try {
      JSON.writeValue(file.toFile(), about);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
    Folders.sync(file);
    Folders.sync(unfinished);
    Folders.move(unfinished, folder);
    Path parent = folder.getParent();
    if (parent != null) {
      Folders.sync(parent);
    }
  }

  private static About about(Path folder) {
    Path file = folder.resolve(ABOUT);
    try {
      return JSON.readValue(file.toFile(), About.class);
    } catch (IOException e) {
      throw QuartetException.reading(file, e);
    }
  }

  /**
   * Of all that decides the tokens: the recipe, the tokenizer, the files' names, sizes and times.
   */
  private static String fingerprint(Recipe recipe, Corpus corpus, Path tokenizerFiles) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(recipe.yaml().getBytes(StandardCharsets.UTF_8));
      digest.update(Files.readAllBytes(tokenizerFiles.resolve(TokenizerFiles.TOKENIZER)));
      for (Path file : corpus.ownFiles()) {
        String line =
            "%s %d %s%n".formatted(file, Files.size(file), Files.getLastModifiedTime(file));
        digest.update(line.getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw QuartetException.reading(tokenizerFiles, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
