package io.quartet.rl;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Two roles in one process image, which meet on the wire alone. */
class ArchitectureTest {
  private static final String LEARNER = "io.quartet.rl.learner..";
  private static final String ROLLOUT = "io.quartet.rl.rollout..";
  private static final JavaClasses SERVICE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.quartet.rl");

  @Test
  void learnerAndWorkersDoNotKnowEachOther() {
    noClasses()
        .that()
        .resideInAPackage(LEARNER)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROLLOUT)
        .check(SERVICE);
    noClasses()
        .that()
        .resideInAPackage(ROLLOUT)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(LEARNER)
        .check(SERVICE);
    noClasses()
        .that()
        .resideInAPackage("io.quartet.rl")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(LEARNER, ROLLOUT)
        .check(SERVICE);
  }

  @Test
  void workersDecodeWithoutTrainingCodeOrData() {
    noClasses()
        .that()
        .resideInAPackage(ROLLOUT)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.bytedeco..", "io.quartet.model..", "io.quartet.datasets..", "io.quartet.recipe..")
        .check(SERVICE);
  }

  @Test
  void theLearnerSeesEventsAndNoBroker() {
    noClasses()
        .that()
        .resideInAPackage(LEARNER)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.kafka..", "io.grpc..", "org.bytedeco..", "ai.onnxruntime..")
        .check(SERVICE);
  }
}
