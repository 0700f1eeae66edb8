package io.quartet.sft;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may import whom. */
class ArrowsTest {
  private static final JavaClasses SERVICE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.quartet.sft");

  @Test
  void aStageKnowsNeitherWireNorBrokerNorNativeLibraries() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.grpc..",
            "io.quartet.v1..",
            "org.apache.kafka..",
            "io.quarkus..",
            "org.bytedeco..",
            "ai.onnxruntime..")
        .check(SERVICE);
  }
}
