package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.gateway.access.Caller;
import io.quartet.v1.GetModelRequest;
import io.quartet.v1.ListModelsRequest;
import io.quartet.v1.ListModelsResponse;
import io.quartet.v1.ListRoutesRequest;
import io.quartet.v1.ListRoutesResponse;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.Route;
import io.quartet.v1.WatchModelsRequest;
import io.smallrye.common.annotation.Blocking;
import java.time.Duration;

/** Tells what is served, and what a stage's name stands for. */
@GrpcService
public class ModelEndpoint extends ModelServiceGrpc.ModelServiceImplBase {
  /** How long the broker may take to take a route. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ModelCatalog catalog;
  private final SharedRoutes routes;

  ModelEndpoint(ModelCatalog catalog, SharedRoutes routes) {
    this.catalog = catalog;
    this.routes = routes;
  }

  @Override
  @Blocking
  public void list(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
    responses.onNext(ListModelsResponse.newBuilder().addAllModels(catalog.list()).build());
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void get(GetModelRequest request, StreamObserver<Model> responses) {
    responses.onNext(catalog.get(request.getModel()));
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void setRoute(Route request, StreamObserver<Route> responses) {
    Caller.current().requireAdmin();
    routes.set(request, PATIENCE);
    responses.onNext(request);
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void listRoutes(ListRoutesRequest request, StreamObserver<ListRoutesResponse> responses) {
    responses.onNext(ListRoutesResponse.newBuilder().addAllRoutes(catalog.routes()).build());
    responses.onCompleted();
  }

  @Override
  @Blocking
  public void watch(WatchModelsRequest request, StreamObserver<Model> responses) {
    ModelStream.send(catalog, (ServerCallStreamObserver<Model>) responses);
  }
}
