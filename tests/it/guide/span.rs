// The layer that logs requests without their queries, of `docs/guide/add_to_an_app.md`, to be tried.

use tower_http::trace::TraceLayer;

/// The span of a request: its path, and not its query, which may hold a secret.
fn span<B>(request: &http::Request<B>) -> tracing::Span {
    tracing::debug_span!("request", method = %request.method(), path = request.uri().path())
}

/// Adds the layer around the whole application.
fn traced(app: axum::Router) -> axum::Router {
    app.layer(TraceLayer::new_for_http().make_span_with(span))
}
