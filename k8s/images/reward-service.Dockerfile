# Reward modelling and scoring. BASE is any image with a Java runtime from 17 on and glibc; nothing is fetched:
#   ./mvnw -pl reward-service -am package
#   buildah bud -f k8s/images/reward-service.Dockerfile --build-arg BASE=IMAGE -t quartet/reward-service:0.1.0 reward-service
ARG BASE
FROM ${BASE}
COPY target/quarkus-app/ /opt/quartet/
USER 10001:10001
EXPOSE 19130 19131
ENTRYPOINT ["java", "-jar", "/opt/quartet/quarkus-run.jar"]
