package io.quartet.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses GATEWAY =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.quartet.gateway");

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
        .check(GATEWAY);
  }

  @Test
  void whatAnswersKnowsNothingOfItsHttpEdgeAndTheEdgeNothingOfGrpcOrTheEngine() {
    noClasses()
        .that()
        .resideInAPackage("io.quartet.gateway")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.quartet.gateway.openai..")
        .check(GATEWAY);
    noClasses()
        .that()
        .resideInAPackage("io.quartet.gateway.openai..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.grpc..", "io.quarkus.grpc..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("io.quartet.decoder.DecoderEngine")
        .check(GATEWAY);
  }
}
