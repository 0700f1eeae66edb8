package io.quartet.reward;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may import whom. */
class ArchitectureTest {
  private static final JavaClasses SERVICE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.quartet.reward");

  @Test
  void quartetIsKnownByItsLibrariesAlone() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.quartet.reward..",
            "io.quartet.checkpoint..",
            "io.quartet.recipe..",
            "io.quartet.datasets..",
            "io.quartet.model..",
            "io.quartet.decoder..",
            "io.quartet.evaluation..",
            "io.quartet.service..",
            "io.quartet.v1..",
            "io.grpc..",
            "io.quarkus..",
            "io.smallrye..",
            "jakarta..",
            "org.jspecify..",
            "org.jboss.logging..",
            "java..")
        .check(SERVICE);
  }

  @Test
  void onlyTheEndpointKnowsTheWire() {
    noClasses()
        .that()
        .haveNameNotMatching(".*RewardEndpoint.*")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.grpc..", "io.quartet.v1..", "io.quarkus..")
        .check(SERVICE);
  }
}
