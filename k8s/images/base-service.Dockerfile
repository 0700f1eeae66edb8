# Base pretraining. BASE is any image with a Java runtime from 17 on and glibc; nothing is fetched:
#   ./mvnw -pl base-service -am package
#   buildah bud -f k8s/images/base-service.Dockerfile --build-arg BASE=IMAGE -t quartet/base-service:0.1.0 base-service
ARG BASE
FROM ${BASE}
COPY target/quarkus-app/ /opt/quartet/
USER 10001:10001
EXPOSE 19110 19111
ENTRYPOINT ["java", "-jar", "/opt/quartet/quarkus-run.jar"]
