package io.quartet.datasets;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Keeps words that offend out of the lessons. A sense is offensive if WordNet says so in either of
 * its two ways:
 *
 * <ul>
 *   <li>a <i>usage domain</i> pointer to "ethnic slur", "disparagement" or "obscenity";
 *   <li>a marker in the definition: "(ethnic slur) …", "an offensive term for …", "obscene words
 *       for …".
 * </ul>
 *
 * <p>A lemma is left out if <i>any</i> of its senses is offensive, whatever its most frequent one
 * means: the vocabulary loses a few dozen harmless words and no learner meets the others. The same
 * holds for every word of an example, synonym or hypernym; glosses are definitions of inoffensive
 * senses and stay as they are. Words that WordNet does not mark at all but that readers would not
 * want in a demo stand in a short list of their own.
 */
final class OffensiveUsage {
  private static final List<String> DOMAINS = List.of("ethnic slur", "disparagement", "obscenity");

  private static final String QUALITY =
      "(?:offensive|derogatory|disparaging|obscene|vulgar|insulting|ethnic slur)";

  // Anchored where a definition begins, for others only talk about obscenity: "profane or obscene
  // expression usually of surprise or anger" is an oath.
  private static final Pattern MARKER =
      Pattern.compile(
          "^(?:an? )?(?:often |humorous but )?%s (?:[a-z]+ ){0,2}?(?:terms?|names?|words?|reference) |\\([^)]*\\b%s\\b[^)]*\\)"
              .formatted(QUALITY, QUALITY));

  private static final Pattern LETTERS = Pattern.compile("[a-z]+");

  private static final Set<String> UNMARKED =
      Set.of("negro", "negroes", "whore", "slut", "rape", "raped", "rapist", "nazi");

  private final WordNet wordNet;
  private final Set<Integer> domains;
  private final Map<String, Boolean> judged = new HashMap<>();

  OffensiveUsage(WordNet wordNet) {
    this.wordNet = wordNet;
    this.domains =
        DOMAINS.stream()
            .flatMap(domain -> wordNet.senses(domain, PartOfSpeech.NOUN).stream())
            .filter(sense -> sense.pointers(Synset.USAGE_MEMBER).findAny().isPresent())
            .map(Synset::offset)
            .collect(Collectors.toUnmodifiableSet());
  }

  /** Whether any word of a lower-case text is offensive in any of its senses. */
  boolean in(String text) {
    return LETTERS
        .matcher(text)
        .results()
        .map(m -> m.group())
        .anyMatch(word -> lemma(word) || (word.endsWith("s") && lemma(dropLast(word))));
  }

  private boolean lemma(String lemma) {
    Boolean known = judged.get(lemma);
    if (known == null) {
      known = UNMARKED.contains(lemma) || anySense(lemma);
      judged.put(lemma, known);
    }
    return known;
  }

  private boolean anySense(String lemma) {
    return Stream.of(PartOfSpeech.values())
        .flatMap(p -> wordNet.senses(lemma, p).stream())
        .anyMatch(sense -> MARKER.matcher(definition(sense)).find() || inDomain(sense));
  }

  private boolean inDomain(Synset sense) {
    return sense.pointers(Synset.USAGE).anyMatch(usage -> domains.contains(usage.target()));
  }

  private static String definition(Synset sense) {
    return sense.gloss().strip().split("\"", 2)[0];
  }

  private static String dropLast(String word) {
    return word.substring(0, word.length() - 1);
  }
}
