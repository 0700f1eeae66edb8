package io.quartet.gateway.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import io.quartet.checkpoint.QuartetException;
import io.quartet.gateway.AnswerSink;
import io.quartet.gateway.Answering;
import io.quartet.gateway.Intake;
import io.quartet.gateway.ModelCatalog;
import io.quartet.gateway.Terms;
import io.quartet.gateway.access.Caller;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.net.URLDecoder;
import java.time.Instant;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** The paths under {@code /v1}, as in OpenAI's API reference. */
@Singleton
public class OpenAiRoutes {
  private static final Logger LOG = Logger.getLogger(OpenAiRoutes.class);
  private static final String PATHS = "/v1/*";
  private static final String CHAT = "/v1/chat/completions";
  private static final String COMPLETIONS = "/v1/completions";
  private static final String FEW_SHOT = "/v1/few_shot";
  private static final String MODELS = "/v1/models";
  private static final String TIMEOUT = "x-request-timeout";
  private static final String CLIENT_TIMEOUT = "x-stainless-timeout";
  private static final String BODY = OpenAiRoutes.class.getName();
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}(\\.[0-9]{1,9})?");

  private final Answering answering;
  private final ModelCatalog catalog;
  private final Intake intake;
  private final int largestBody;

  /**
   * @param largestBody in bytes, as for gRPC
   */
  OpenAiRoutes(
      Answering answering,
      ModelCatalog catalog,
      Intake intake,
      @ConfigProperty(name = "quarkus.grpc.server.max-inbound-message-size") int largestBody) {
    this.answering = answering;
    this.catalog = catalog;
    this.intake = intake;
    this.largestBody = largestBody;
  }

  void register(@Observes Router router) {
    router.route(PATHS).handler(this::begin);
    router.post(PATHS).handler(OpenAiRoutes::takeForJson);
    router.post(PATHS).handler(this::letIn);
    router.post(PATHS).handler(BodyHandler.create(false).setBodyLimit(largestBody));
    answers(router, CHAT, ChatCall::read);
    answers(router, COMPLETIONS, CompletionCall::read);
    answers(router, FEW_SHOT, FewShotCall::read);
    router.get(MODELS).handler(context -> guard(context, this::list));
    router.get(MODELS + "/*").handler(context -> guard(context, wire -> get(context, wire)));
    router.route(PATHS).handler(context -> guard(context, wire -> unknown(context)));
    router.route(PATHS).failureHandler(this::unreadable);
  }

  /** Whatever a caller says that it is: curl calls it a form, whose fields may not be long. */
  private static void takeForJson(RoutingContext context) {
    context.request().headers().set(HttpHeaders.CONTENT_TYPE, "application/json");
    context.next();
  }

  private void begin(RoutingContext context) {
    Wire.begin(context, intake.call());
    context.next();
  }

  /** A body comes only where there is room for it; else it is thrown away as it comes. */
  private void letIn(RoutingContext context) {
    String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
    Runnable read;
    try {
      read = answering.body(length == null ? largestBody : Long.parseLong(length));
    } catch (QuartetException e) {
      context.request().resume();
      Wire.of(context).fail(e);
      return;
    }
    context.addEndHandler(end -> read.run()); // it may never come as a whole
    context.put(BODY, read);
    context.next();
  }

  private void answers(Router router, String path, Function<Fields, Call> read) {
    router
        .post(path)
        .blockingHandler(
            context ->
                Caller.of(context).run(() -> guard(context, wire -> answer(context, wire, read))),
            false);
  }

  private void answer(RoutingContext context, Wire wire, Function<Fields, Call> read) {
    Asked asked = asked(context, read);
    requireNonNull(context.<Runnable>get(BODY)).run();
    Call call = asked.call();
    String id = call.idPrefix() + UUID.randomUUID().toString().replace("-", "");
    var head = new ReplyHead(id, call.object(), Instant.now(), call.question().model());
    context.response().putHeader("x-request-id", id);
    answering.begin(call.question(), asked.terms(), sinks(wire, call, head));
  }

  /** A body that has been read. */
  private record Asked(Call call, Terms terms) {}

  /** Reads the body; the tree that it is parsed into, many times as large, is gone by the end. */
  private Asked asked(RoutingContext context, Function<Fields, Call> read) {
    Buffer body = requireNonNullElse(context.body().buffer(), Buffer.buffer());
    return answering.read(
        body.length(),
        () -> {
          Fields fields = Fields.parse(body.getBytes());
          Call call = read.apply(fields);
          var terms =
              new Terms(
                  Caller.current(),
                  call.object().startsWith("chat") ? Terms.CHAT : Terms.COMPLETION,
                  body.length(),
                  call.answers(),
                  fields.text("user").filter(user -> !user.isEmpty()),
                  deadline(context, call.streamed()));
          return new Asked(call, terms);
        });
  }

  /**
   * When the caller gives up: as it says, or as OpenAI's clients do. Theirs is the time until a
   * response begins, in whole seconds, so that 0 stands for less than one: a stream goes on after.
   * What they send without being asked is never refused.
   */
  private static OptionalLong deadline(RoutingContext context, boolean streamed) {
    String own = context.request().getHeader(TIMEOUT);
    if (own != null) {
      OptionalDouble left = seconds(own);
      if (left.isEmpty()) {
        throw new WrongRequest(
            TIMEOUT, "invalid_value", "%s: '%s', expected seconds".formatted(TIMEOUT, own));
      }
      return in(left.getAsDouble());
    }
    String client = context.request().getHeader(CLIENT_TIMEOUT);
    OptionalDouble left = streamed || client == null ? OptionalDouble.empty() : seconds(client);
    return left.orElse(0) == 0 ? OptionalLong.empty() : in(left.getAsDouble());
  }

  private static OptionalDouble seconds(String text) {
    return SECONDS.matcher(text).matches()
        ? OptionalDouble.of(Double.parseDouble(text))
        : OptionalDouble.empty();
  }

  private static OptionalLong in(double seconds) {
    return OptionalLong.of(System.nanoTime() + (long) (seconds * 1e9));
  }

  private static IntFunction<AnswerSink> sinks(Wire wire, Call call, ReplyHead head) {
    return call.streamed()
        ? new StreamReply(wire, call, head)::sink
        : new WholeReply(wire, call, head)::sink;
  }

  private void list(Wire wire) {
    wire.json(200, ModelList.of(catalog.list()));
  }

  private void get(RoutingContext context, Wire wire) {
    // Checkpoint ids have slashes, which clients write as %2F or as they are.
    String path = requireNonNullElse(context.request().path(), MODELS + "/");
    String name = URLDecoder.decode(path.substring(MODELS.length() + 1).replace("+", "%2B"), UTF_8);
    wire.json(200, ModelList.one(name, catalog.get(name)));
  }

  private static void unknown(RoutingContext context) {
    throw new WrongRequest(
        null,
        "unknown_url",
        "%s %s: no such path, expected POST %s, POST %s, POST %s or GET %s"
            .formatted(
                context.request().method(),
                context.request().path(),
                CHAT,
                COMPLETIONS,
                FEW_SHOT,
                MODELS));
  }

  /** What Vert.x itself refuses: a body that is too large or is cut off. */
  private void unreadable(RoutingContext context) {
    int status = context.statusCode();
    Wire.of(context)
        .json(
            status,
            new ErrorBody(
                    status,
                    "invalid_request_error",
                    status == 413 ? "request_too_large" : "unreadable_body",
                    null,
                    "body: cannot be read, expected at most %d bytes".formatted(largestBody))
                .json());
  }

  private static void guard(RoutingContext context, Consumer<Wire> work) {
    Wire wire = Wire.of(context);
    try {
      work.accept(wire);
    } catch (WrongRequest | QuartetException e) {
      wire.fail(e);
    } catch (RuntimeException e) { // nobody above tells the caller in this API's words
      LOG.errorf(e, "%s failed", context.request().path());
      wire.fail(e);
    }
  }
}
