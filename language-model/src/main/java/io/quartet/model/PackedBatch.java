package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Sequences laid one after the other into B rows of T tokens. A token attends to its own sequence
 * only, and positions begin anew with each, so packing changes no result.
 */
public final class PackedBatch {
  /** A document number of padding; padding is never read. */
  private static final long NONE = -1;

  /**
   * Where a sequence lies.
   *
   * @param sequence its index in the list that was packed
   * @param row the row
   * @param from its first token's column
   * @param length its input tokens
   */
  public record Span(int sequence, int row, int from, int length) {}

  private final long[][] tokens;
  private final long[][] targets;
  private final long[][] documents;
  private final long[][] positions;
  private final float[][] weights;
  private final List<Span> spans;

  private PackedBatch(
      long[][] tokens,
      long[][] targets,
      long[][] documents,
      long[][] positions,
      float[][] weights,
      List<Span> spans) {
    this.tokens = tokens;
    this.targets = targets;
    this.documents = documents;
    this.positions = positions;
    this.weights = weights;
    this.spans = List.copyOf(spans);
  }

  /** Whether a sequence's last token is fed to the model or only predicted. */
  public enum LastToken {
    /** Nothing is read at the last token: it need not take a place. */
    PREDICTED,
    /** Something is read at the last token, such as a reward. */
    READ
  }

  /**
   * Packs sequences into as many rows as they need, longest first. Rows are as long as the longest
   * sequence, or longer where that wastes less, up to {@code length}.
   *
   * @param length the most tokens a row may have
   * @throws QuartetException OUT_OF_RANGE if a sequence is longer than that, INVALID_ARGUMENT if
   *     there are none
   */
  public static PackedBatch pack(List<TokenSequence> sequences, int length, LastToken last) {
    if (sequences.isEmpty()) {
      throw new QuartetException(ErrorCode.INVALID_ARGUMENT, "batch: no sequences to pack");
    }
    List<Integer> order =
        IntStream.range(0, sequences.size())
            .boxed()
            .sorted(Comparator.comparing(i -> -inputs(sequences.get(i), last)))
            .toList();
    var rows = new ArrayList<RowBuilder>();
    for (int index : order) {
      TokenSequence sequence = sequences.get(index);
      int inputs = inputs(sequence, last);
      if (inputs > length) {
        throw new QuartetException(
            ErrorCode.OUT_OF_RANGE,
            "batch: sequence %d has %d tokens, expected at most %d"
                .formatted(index, inputs, length));
      }
      RowBuilder row =
          rows.stream()
              .filter(candidate -> candidate.used() + inputs <= length)
              .findFirst()
              .orElse(null);
      if (row == null) {
        row = new RowBuilder();
        rows.add(row);
      }
      row.add(index, sequence, inputs);
    }
    return of(rows, rows.stream().mapToInt(RowBuilder::used).max().orElseThrow());
  }

  static int inputs(TokenSequence sequence, LastToken last) {
    return switch (last) {
      case PREDICTED -> Math.max(1, sequence.length() - 1);
      case READ -> sequence.length();
    };
  }

  static PackedBatch of(List<RowBuilder> rows, int length) {
    int count = rows.size();
    var batch =
        new PackedBatch(
            new long[count][length],
            new long[count][length],
            new long[count][length],
            new long[count][length],
            new float[count][length],
            spans(rows));
    for (int row = 0; row < count; row++) {
      Arrays.fill(batch.targets[row], NONE);
      Arrays.fill(batch.documents[row], NONE);
      int from = 0;
      for (int i = 0; i < rows.get(row).sequences.size(); i++) {
        int inputs = rows.get(row).inputs.get(i);
        batch.lay(rows.get(row).sequences.get(i), row, from, inputs, i);
        from += inputs;
      }
    }
    return batch;
  }

  private static List<Span> spans(List<RowBuilder> rows) {
    var spans = new ArrayList<Span>();
    for (int row = 0; row < rows.size(); row++) {
      int from = 0;
      for (int i = 0; i < rows.get(row).sequences.size(); i++) {
        int inputs = rows.get(row).inputs.get(i);
        spans.add(new Span(rows.get(row).indices.get(i), row, from, inputs));
        from += inputs;
      }
    }
    spans.sort(Comparator.comparing(Span::sequence));
    return spans;
  }

  private void lay(TokenSequence sequence, int row, int from, int inputs, int document) {
    for (int i = 0; i < inputs; i++) {
      tokens[row][from + i] = sequence.token(i);
      documents[row][from + i] = document;
      positions[row][from + i] = i;
      if (i + 1 < sequence.length() && sequence.weight(i + 1) > 0) {
        targets[row][from + i] = sequence.token(i + 1);
        weights[row][from + i] = sequence.weight(i + 1);
      }
    }
  }

  /** A row in the making. */
  static final class RowBuilder {
    private final List<TokenSequence> sequences = new ArrayList<>();
    private final List<Integer> indices = new ArrayList<>();
    private final List<Integer> inputs = new ArrayList<>();
    private int used;

    void add(int index, TokenSequence sequence, int inputTokens) {
      sequences.add(sequence);
      indices.add(index);
      inputs.add(inputTokens);
      used += inputTokens;
    }

    int used() {
      return used;
    }
  }

  /** B. */
  public int rows() {
    return tokens.length;
  }

  /** T. */
  public int length() {
    return tokens[0].length;
  }

  /** [B][T] token ids; 0 as padding. */
  public long[][] tokens() {
    return tokens;
  }

  /** [B][T] the token to be predicted at each place, −1 where none is. */
  public long[][] targets() {
    return targets;
  }

  /** [B][T] which of the row's sequences a token belongs to, −1 for padding. */
  public long[][] documents() {
    return documents;
  }

  /** [B][T] how many tokens of its sequence come before each; 0 for padding. */
  public long[][] positions() {
    return positions;
  }

  /** [B][T] what each target counts; 0 where there is none. */
  public float[][] weights() {
    return weights;
  }

  /** Where the sequences lie, in the order that they were packed from. */
  public List<Span> spans() {
    return spans;
  }

  /** Tokens that are not padding. */
  public int realTokens() {
    return spans.stream().mapToInt(Span::length).sum();
  }

  /** The sum of the targets' weights: what a mean loss is divided by. */
  public double targetWeight() {
    double sum = 0;
    for (float[] row : weights) {
      for (float weight : row) {
        sum += weight;
      }
    }
    return sum;
  }

  /**
   * Indices, in the flattened batch, of the places that have a target: sequence by sequence, each
   * from left to right.
   */
  public long[] targetRows() {
    long[] found = new long[realTokens()];
    int count = 0;
    for (Span span : spans) {
      int first = first(span);
      for (int i = first; i < first + span.length(); i++) {
        if (target(i) != NONE) {
          found[count++] = i;
        }
      }
    }
    return Arrays.copyOf(found, count);
  }

  private int first(Span span) {
    return span.row() * length() + span.from();
  }

  /** The target at an index of the flattened batch, −1 if it has none. */
  long target(long index) {
    return targets[(int) (index / length())][(int) (index % length())];
  }

  /** What the target at an index of the flattened batch counts. */
  float weight(long index) {
    return weights[(int) (index / length())][(int) (index % length())];
  }

  /** The targets of the places that {@link #targetRows()} lists. */
  long[] targetTokens() {
    return LongStream.of(targetRows()).map(this::target).toArray();
  }

  /** How many targets each sequence has. */
  int[] targetCounts() {
    return spans.stream()
        .mapToInt(
            span ->
                (int)
                    IntStream.range(first(span), first(span) + span.length())
                        .filter(i -> target(i) != NONE)
                        .count())
        .toArray();
  }

  /** Indices, in the flattened batch, of each sequence's last token. */
  public long[] lastRows() {
    return spans.stream().mapToLong(span -> first(span) + span.length() - 1).toArray();
  }

  /** Row by row into at most {@code parts} batches of nearly equal size, none of them empty. */
  public List<PackedBatch> split(int parts) {
    int count = Math.min(parts, rows());
    var batches = new ArrayList<PackedBatch>();
    for (int part = 0; part < count; part++) {
      batches.add(rows(rows() * part / count, rows() * (part + 1) / count));
    }
    return batches;
  }

  private PackedBatch rows(int from, int to) {
    return new PackedBatch(
        Arrays.copyOfRange(tokens, from, to),
        Arrays.copyOfRange(targets, from, to),
        Arrays.copyOfRange(documents, from, to),
        Arrays.copyOfRange(positions, from, to),
        Arrays.copyOfRange(weights, from, to),
        spans.stream()
            .filter(span -> span.row() >= from && span.row() < to)
            .map(s -> new Span(s.sequence(), s.row() - from, s.from(), s.length()))
            .toList());
  }
}
