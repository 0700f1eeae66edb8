package io.quartet.datasets;

import java.util.List;
import java.util.SplittableRandom;

/** One kind of document of the base corpus, written anew for each epoch. */
interface DocumentSource {
  /** An epoch's documents, in any order. */
  List<Document> write(SplittableRandom random);
}
