package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import io.quartet.v1.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Answers as one JSON body once all of them are whole. */
final class WholeReply {
  private final Wire wire;
  private final Call call;
  private final ReplyHead head;
  private final TotalUsage usage;
  private final Map<Integer, Stream<JsonPart>> finished = new TreeMap<>(); // guarded by this

  WholeReply(Wire wire, Call call, ReplyHead head) {
    this.wire = wire;
    this.call = call;
    this.head = head;
    this.usage = new TotalUsage(call.question().samples());
  }

  /** The reader of the i-th answer. */
  AnswerSink sink(int index) {
    return new Sink(index, call.choices().apply(index));
  }

  private synchronized void ended(
      int index, String fingerprint, ObjectNode again, Stream<JsonPart> choice, Usage used) {
    usage.add(index, used);
    finished.put(index, choice);
    if (finished.size() == call.answers()) {
      Stream<JsonPart> choices = finished.values().stream().reduce(Stream.empty(), Stream::concat);
      wire.json(
          200,
          head.body(
              fingerprint,
              choices,
              json -> {
                JsonPart.field("usage", usage.json()).write(json);
                JsonPart.field("quartet", again).write(json);
              }));
    }
  }

  private final class Sink implements AnswerSink {
    private final int index;
    private final Choice choice;
    private final StringBuilder text = new StringBuilder();
    private final List<ScoredToken> prompt = new ArrayList<>();
    private final List<ScoredToken> tokens = new ArrayList<>();
    private String fingerprint = "";
    private ObjectNode again = JsonNodeFactory.instance.objectNode();

    Sink(int index, Choice choice) {
      this.index = index;
      this.choice = choice;
    }

    @Override
    public void connect(Runnable wake, Runnable cancel) {
      wire.connect(wake, cancel);
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public boolean keeps() {
      return true;
    }

    @Override
    public void begin(Beginning beginning) {
      fingerprint = beginning.checkpointId();
      again = ReplyHead.again(beginning.effective(), index % call.question().samples());
      choice.begin(beginning);
    }

    @Override
    public void prompt(List<ScoredToken> more) {
      prompt.addAll(more);
    }

    @Override
    public void part(String more, List<ScoredToken> moreTokens) {
      text.append(more);
      tokens.addAll(moreTokens);
    }

    @Override
    public void end(FinishReason reason, Usage used) {
      ended(index, fingerprint, again, choice.whole(prompt, text.toString(), tokens, reason), used);
    }

    @Override
    public void fail(QuartetException failure) {
      wire.fail(failure);
    }
  }
}
