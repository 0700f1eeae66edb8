package io.quartet.keys;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key as its owner holds it: {@code qk_}, a public id of 12 hexadecimal digits, {@code _}, and
 * 256 random bits in base64url. The prefix lets scanners of source code recognise a leaked one.
 */
public final class PlainKey {
  private static final Pattern FORM = Pattern.compile("qk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}");
  private static final int ID_BYTES = 6;
  private static final int SECRET_BYTES = 32;

  private final String text;
  private final String id;

  private PlainKey(String text, String id) {
    this.text = text;
    this.id = id;
  }

  /**
   * A new key.
   *
   * @param random must be a cryptographic one, such as {@link java.security.SecureRandom}
   */
  public static PlainKey create(RandomGenerator random) {
    byte[] id = new byte[ID_BYTES];
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(id);
    random.nextBytes(secret);
    String hex = HexFormat.of().formatHex(id);
    return new PlainKey(
        "qk_" + hex + "_" + Base64.getUrlEncoder().withoutPadding().encodeToString(secret), hex);
  }

  /** A key that somebody shows; empty if it has not the form of one. */
  public static Optional<PlainKey> parse(String text) {
    Matcher form = FORM.matcher(text);
    return form.matches() ? Optional.of(new PlainKey(text, form.group(1))) : Optional.empty();
  }

  /** The public part. */
  public String id() {
    return id;
  }

  /** The whole key, to be shown once, and never to a log. */
  public String reveal() {
    return text;
  }

  /** What is kept of it. */
  public String sha256() {
    return HexFormat.of().formatHex(hash());
  }

  /** Whether this is the kept key; takes the same time wherever they differ. */
  public boolean is(ApiKey kept) {
    return MessageDigest.isEqual(hash(), kept.hash());
  }

  private byte[] hash() {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  /** The public part only: a key in a message or a log stays a secret. */
  @Override
  public String toString() {
    return "qk_" + id + "_…";
  }
}
