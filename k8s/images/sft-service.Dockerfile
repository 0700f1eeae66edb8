# Supervised fine-tuning. BASE is any image with a Java runtime from 17 on and glibc; nothing is fetched:
#   ./mvnw -pl sft-service -am package
#   buildah bud -f k8s/images/sft-service.Dockerfile --build-arg BASE=IMAGE -t quartet/sft-service:0.1.0 sft-service
ARG BASE
FROM ${BASE}
COPY target/quarkus-app/ /opt/quartet/
USER 10001:10001
EXPOSE 19120 19121
ENTRYPOINT ["java", "-jar", "/opt/quartet/quarkus-run.jar"]
