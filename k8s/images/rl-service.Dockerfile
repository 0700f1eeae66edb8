# The learner or a rollout worker, by QUARTET_RL_ROLE. BASE is any image with a Java runtime from 17 on and glibc; nothing is fetched:
#   ./mvnw -pl rl-service -am package
#   buildah bud -f k8s/images/rl-service.Dockerfile --build-arg BASE=IMAGE -t quartet/rl-service:0.1.0 rl-service
ARG BASE
FROM ${BASE}
COPY target/quarkus-app/ /opt/quartet/
USER 10001:10001
EXPOSE 19140 19141 19151
ENTRYPOINT ["java", "-jar", "/opt/quartet/quarkus-run.jar"]
