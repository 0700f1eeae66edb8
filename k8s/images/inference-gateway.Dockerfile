# Every stage's model over gRPC. BASE is any image with a Java runtime from 17 on and glibc; nothing is fetched:
#   ./mvnw -pl inference-gateway -am package
#   buildah bud -f k8s/images/inference-gateway.Dockerfile --build-arg BASE=IMAGE -t quartet/inference-gateway:0.1.0 inference-gateway
# Its preStop hook runs `sleep`, so BASE needs that too: most have it, those without a shell do not.
ARG BASE
FROM ${BASE}
COPY target/quarkus-app/ /opt/quartet/
USER 10001:10001
EXPOSE 19160 19161
ENTRYPOINT ["java", "-jar", "/opt/quartet/quarkus-run.jar"]
