package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import io.quartet.v1.Usage;
import java.util.List;
import java.util.stream.Stream;

/** Answers as server-sent events, each piece as soon as the reader takes it. */
final class StreamReply {
  private final Wire wire;
  private final Call call;
  private final ReplyHead head;
  private final TotalUsage usage;
  private int unfinished; // guarded by this
  private boolean begun; // likewise

  StreamReply(Wire wire, Call call, ReplyHead head) {
    this.wire = wire;
    this.call = call;
    this.head = head;
    this.usage = new TotalUsage(call.question().samples());
    this.unfinished = call.answers();
  }

  /** The reader of the i-th answer. */
  AnswerSink sink(int index) {
    return new Sink(index, call.choices().apply(index));
  }

  private synchronized void send(String fingerprint, ObjectNode again, Stream<JsonPart> choice) {
    boolean first = !begun;
    begun = true;
    wire.event(
        head.body(
            fingerprint,
            choice,
            json -> {
              if (first) {
                JsonPart.field("quartet", again).write(json);
              }
              if (call.usage()) {
                json.writeNullField("usage");
              }
            }));
  }

  private synchronized void ended(int index, String fingerprint, Usage used) {
    usage.add(index, used);
    if (--unfinished > 0) {
      return;
    }
    if (call.usage()) {
      wire.event(head.body(fingerprint, Stream.empty(), JsonPart.field("usage", usage.json())));
    }
    wire.done();
  }

  private final class Sink implements AnswerSink {
    private final int index;
    private final Choice choice;
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
      return wire.ready();
    }

    @Override
    public void begin(Beginning beginning) {
      fingerprint = beginning.checkpointId();
      again = ReplyHead.again(beginning.effective(), index % call.question().samples());
      choice.begin(beginning).ifPresent(first -> send(fingerprint, again, first));
    }

    @Override
    public void prompt(List<ScoredToken> tokens) {
      choice.prompt(tokens).ifPresent(piece -> send(fingerprint, again, piece));
    }

    @Override
    public void part(String text, List<ScoredToken> tokens) {
      choice.part(text, tokens).ifPresent(piece -> send(fingerprint, again, piece));
    }

    @Override
    public void end(FinishReason reason, Usage used) {
      send(fingerprint, again, choice.end(reason));
      ended(index, fingerprint, used);
    }

    @Override
    public void fail(QuartetException failure) {
      wire.fail(failure);
    }
  }
}
