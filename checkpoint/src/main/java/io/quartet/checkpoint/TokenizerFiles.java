package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.BpeVocabulary.Merge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * The tokenizer's files of a checkpoint, as Hugging Face writes them: {@code tokenizer.json} (the
 * fast tokenizer), {@code tokenizer_config.json} with the chat template, {@code
 * special_tokens_map.json}, {@code generation_config.json}.
 */
public final class TokenizerFiles {
  /** The fast tokenizer's file name. */
  public static final String TOKENIZER = "tokenizer.json";

  /** The sampling defaults' file name, which also lists the tokens that end an answer. */
  public static final String GENERATION = "generation_config.json";

  /** The names of the files that Quartet writes. */
  public static final List<String> NAMES =
      List.of(TOKENIZER, TokenizerConfig.FILE, TokenizerConfig.SPECIALS_MAP, GENERATION);

  /** Those that an open model may have besides. */
  private static final List<String> OTHERS =
      List.of(
          TokenizerConfig.TEMPLATE,
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "tokenizer.model");

  private TokenizerFiles() {}

  /** Writes all files into a folder; the same vocabulary always gives the same bytes. */
  public static void write(Path directory, BpeVocabulary vocabulary) {
    Json.write(directory.resolve(TOKENIZER), tokenizer(vocabulary));
    Json.write(directory.resolve(TokenizerConfig.FILE), tokenizerConfig());
    Json.write(directory.resolve(TokenizerConfig.SPECIALS_MAP), specialTokensMap());
    Json.write(directory.resolve(GENERATION), generationConfig());
  }

  /**
   * Copies a tokenizer's files, as they are, from one model's folder to another's.
   *
   * @throws QuartetException NOT_FOUND if there is no {@code tokenizer.json}
   */
  public static void copy(Path from, Path to) {
    if (!Files.exists(from.resolve(TOKENIZER))) {
      throw new QuartetException(
          ErrorCode.NOT_FOUND, "no file %s".formatted(from.resolve(TOKENIZER)));
    }
    Stream.concat(NAMES.stream(), OTHERS.stream())
        .filter(name -> Files.exists(from.resolve(name)))
        .forEach(name -> copyFile(from, to, name));
  }

  static void copyFile(Path from, Path to, String name) {
    try {
      Files.copy(from.resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw QuartetException.writing(to.resolve(name), e);
    }
  }

  private static ObjectNode tokenizer(BpeVocabulary vocabulary) {
    ObjectNode json = Json.object();
    json.put("version", "1.0");
    json.putNull("truncation");
    json.putNull("padding");
    ArrayNode added = json.putArray("added_tokens");
    for (int id = 0; id < SpecialTokens.ALL.size(); id++) {
      ObjectNode token = added.addObject().put("id", id);
      token.setAll(addedToken(SpecialTokens.ALL.get(id)));
    }
    json.putNull("normalizer");
    ObjectNode preTokenizer = json.putObject("pre_tokenizer").put("type", "Sequence");
    ArrayNode sequence = preTokenizer.putArray("pretokenizers");
    ObjectNode split = sequence.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", PreTokenizer.PATTERN);
    split.put("behavior", "Isolated").put("invert", false);
    sequence.add(byteLevel());
    json.putNull("post_processor");
    json.set("decoder", byteLevel());
    json.set("model", model(vocabulary));
    return json;
  }

  private static ObjectNode model(BpeVocabulary vocabulary) {
    List<String> spellings = vocabulary.tokenBytes().stream().map(ByteLevel::spell).toList();
    ObjectNode model = Json.object();
    model.put("type", "BPE");
    model.putNull("dropout");
    model.putNull("unk_token");
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    model.put("ignore_merges", false);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < vocabulary.size(); id++) {
      boolean special = id < BpeVocabulary.FIRST_BYTE;
      vocab.put(special ? SpecialTokens.ALL.get(id) : spellings.get(id), id);
    }
    // One string per merge: every version of tokenizers reads it, and no spelling has a space.
    ArrayNode merges = model.putArray("merges");
    for (Merge merge : vocabulary.merges()) {
      merges.add(spellings.get(merge.left()) + " " + spellings.get(merge.right()));
    }
    return model;
  }

  private static ObjectNode byteLevel() {
    return Json.object()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
  }

  private static ObjectNode addedToken(String content) {
    return Json.object()
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  private static ObjectNode tokenizerConfig() {
    ObjectNode json = Json.object();
    json.put("add_prefix_space", false);
    ObjectNode decoder = json.putObject("added_tokens_decoder");
    for (int id = 0; id < SpecialTokens.ALL.size(); id++) {
      decoder.set(Integer.toString(id), addedToken(SpecialTokens.ALL.get(id)));
    }
    json.setAll(specialTokensMap());
    json.put("chat_template", ChatTemplate.JINJA);
    json.put("clean_up_tokenization_spaces", false);
    json.put("tokenizer_class", "PreTrainedTokenizerFast");
    return json;
  }

  private static ObjectNode specialTokensMap() {
    ObjectNode json = Json.object();
    ArrayNode additional = json.putArray("additional_special_tokens");
    SpecialTokens.ALL
        .subList(SpecialTokens.SYSTEM_ID, SpecialTokens.PAD_ID)
        .forEach(additional::add);
    json.put("bos_token", SpecialTokens.END_OF_TEXT);
    json.put("eos_token", SpecialTokens.END_OF_TEXT);
    json.put("pad_token", SpecialTokens.PAD);
    return json;
  }

  private static ObjectNode generationConfig() {
    ObjectNode json = Json.object();
    json.put("bos_token_id", SpecialTokens.END_OF_TEXT_ID);
    json.put("do_sample", true);
    json.putArray("eos_token_id").add(SpecialTokens.END_OF_TEXT_ID).add(SpecialTokens.END_ID);
    json.put("pad_token_id", SpecialTokens.PAD_ID);
    return json;
  }
}
