package io.quartet.datasets;

/** Lessons that tests share, for loading WordNet takes a second. */
final class Lessons {
  static final WordNetLessons SMALL = new WordNetLessons(LessonSettings.mixed(200, 7));

  private Lessons() {}

  static Word word(String lemma) {
    return SMALL.word(lemma).orElseThrow();
  }
}
