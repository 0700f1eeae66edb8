package io.quartet.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  @Test
  void theGatewayKnowsNothingOfTrainingAndNothingOfTheEngineBehindTheDecoder() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.bytedeco..",
            "ai.onnxruntime..",
            "ai.djl..",
            "io.quartet.model..",
            "io.quartet.datasets..",
            "io.quartet.recipe..",
            "org.apache.kafka..")
        .check(
            new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.quartet.gateway"));
  }
}
