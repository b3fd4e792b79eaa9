use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::SqrlBody;
use super::other_site::check_visit;
use super::respond::{self, LayerResponse};
use super::routes::{Endpoint, Route};
use super::{BoxError, Sqrl, endpoints, sign_in};

impl Sqrl {
    /// Returns the middleware. Wrap the whole application in it, or the part below the public URL's path.
    pub fn layer(&self) -> SqrlLayer {
        SqrlLayer { sqrl: self.clone() }
    }
}

/// Wraps an application with SQRL sign-in. Made by [`Sqrl::layer`].
#[derive(Debug, Clone)]
pub struct SqrlLayer {
    sqrl: Sqrl,
}

impl<S> Layer<S> for SqrlLayer {
    type Service = SqrlService<S>;

    fn layer(&self, inner: S) -> SqrlService<S> {
        SqrlService { inner, sqrl: self.sqrl.clone() }
    }
}

/// An application with SQRL sign-in. Made by [`SqrlLayer`].
#[derive(Debug, Clone)]
pub struct SqrlService<S> {
    inner: S,
    sqrl: Sqrl,
}

impl<S, B, R> Service<Request<B>> for SqrlService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<SqrlBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let routes = &self.sqrl.settings().routes;
        let route = routes.of(request.method(), request.uri().path());
        // Both consume what works once.
        if matches!(route, Route::SignedIn | Route::Endpoint(Endpoint::Cps))
            && let Err(why) = check_visit(request.headers())
        {
            let refusal = respond::text(why.status(), why.to_string());
            return ResponseFuture {
                kind: Kind::Layer { future: Box::pin(async move { refusal }) },
            };
        }
        let kind = match route {
            Route::Application => {
                // For the extractors, which work on every route.
                request.extensions_mut().insert(self.sqrl.clone());
                Kind::Application { future: self.inner.call(request) }
            }
            Route::SignedIn => {
                // The service that is ready is `self.inner`; a clone of it may not be.
                let clone = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, clone);
                let future = Box::pin(signed_in(self.sqrl.clone(), inner, request));
                Kind::SignedIn { future }
            }
            Route::Endpoint(endpoint) => {
                let future = Box::pin(endpoints::answer(self.sqrl.clone(), endpoint, request));
                Kind::Layer { future }
            }
            Route::OtherMethod { allow } => {
                Kind::Layer { future: Box::pin(async move { respond::other_method(allow) }) }
            }
        };
        ResponseFuture { kind }
    }
}

async fn signed_in<S, B, R>(
    sqrl: Sqrl,
    mut inner: S,
    request: Request<B>,
) -> Result<Response<R>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    let (mut parts, body) = request.into_parts();
    let (result, forget) = sign_in::collect(&sqrl, &parts).await;
    let brought = result.0.is_ok();
    parts.extensions.insert(sqrl.clone());
    parts.extensions.insert(result);
    let mut response = inner.call(Request::from_parts(parts, body)).await?;
    if brought && response.status() == StatusCode::NOT_FOUND {
        sign_in::has_no_route(&sqrl.settings().routes);
    }
    sign_in::set_headers(response.headers_mut(), forget);
    Ok(response)
}

pin_project! {
    /// The future of a response.
    pub struct ResponseFuture<F, R, E> {
        #[pin]
        kind: Kind<F, R, E>,
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pin_project! {
    #[project = ProjectedKind]
    enum Kind<F, R, E> {
        Application { #[pin] future: F },
        SignedIn { future: Boxed<Result<Response<R>, E>> },
        Layer { future: Boxed<LayerResponse> },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<SqrlBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().kind.project() {
            ProjectedKind::Application { future } => {
                ready!(future.poll(cx)).map(|response| response.map(SqrlBody::application))
            }
            ProjectedKind::SignedIn { future } => {
                ready!(future.as_mut().poll(cx)).map(|response| response.map(SqrlBody::application))
            }
            ProjectedKind::Layer { future } => {
                Ok(ready!(future.as_mut().poll(cx)).map(SqrlBody::layer))
            }
        })
    }
}

impl<F, R, E> std::fmt::Debug for ResponseFuture<F, R, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseFuture")
    }
}
