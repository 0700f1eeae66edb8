package io.quartet.keys;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quartet.checkpoint.QuartetException;
import java.util.HexFormat;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * One key as it is kept: its secret only as a hash, which is enough to recognise it and not to make
 * it. SHA-256 alone will do, without salt or stretching: the secret has 256 random bits, so there
 * is nothing to guess.
 *
 * @param id the public part of the key, by which its line is found
 * @param name whom it was given to; in metrics and in the log
 * @param sha256 of the whole key, in hexadecimal digits
 * @param requestsPerMinute how many requests it may begin in a minute; empty: no limit
 * @param tokensPerMinute how many tokens, read and written, it may use in a minute; empty: no limit
 * @param priority of its requests that name none, and the highest that they may name
 * @param admin whether it may change what is served
 */
public record ApiKey(
    String id,
    String name,
    String sha256,
    @JsonInclude(JsonInclude.Include.NON_ABSENT) OptionalInt requestsPerMinute,
    @JsonInclude(JsonInclude.Include.NON_ABSENT) OptionalInt tokensPerMinute,
    Priority priority,
    @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean admin) {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}");
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  /**
   * Checks every value; INVALID_ARGUMENT names the first that is impossible, without showing what
   * may be a secret in the wrong place.
   */
  public ApiKey {
    if (name == null || !NAME.matcher(name).matches()) {
      throw invalid("no name of up to 63 letters, digits, dots, dashes or underscores");
    }
    if (id == null || !ID.matcher(id).matches()) {
      throw invalid("id of '%s', expected 12 hexadecimal digits".formatted(name));
    }
    if (sha256 == null || !HASH.matcher(sha256).matches()) {
      throw invalid("sha256 of '%s', expected 64 hexadecimal digits".formatted(name));
    }
    priority = priority == null ? Priority.INTERACTIVE : priority; // the file may leave it out
    requirePositive("requests_per_minute", requestsPerMinute);
    requirePositive("tokens_per_minute", tokensPerMinute);
  }

  byte[] hash() {
    return HexFormat.of().parseHex(sha256);
  }

  private static void requirePositive(String what, OptionalInt limit) {
    if (limit.isPresent() && limit.getAsInt() < 1) {
      throw invalid("%s %d, expected 1 or more".formatted(what, limit.getAsInt()));
    }
  }

  private static QuartetException invalid(String what) {
    return new QuartetException(INVALID_ARGUMENT, "API key: " + what);
  }
}
