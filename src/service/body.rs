use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

use super::events::Events;
use super::stream_slots::StreamSlot;

pin_project! {
    /// The body of a response: the application's or the layer's.
    #[project = Projected]
    #[derive(Debug)]
    pub struct SqrlBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = ProjectedKind]
    #[derive(Debug)]
    enum Kind<B> {
        Application { #[pin] body: B },
        Layer { #[pin] body: LayerBody },
    }
}

/// The body of the layer's own responses.
pub(super) enum LayerBody {
    Whole(Full<Bytes>),
    Events(Events),
}

/// Omits the content: a reply contains a whole nut, and may contain a CPS URL.
impl fmt::Debug for LayerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole(_) => "Whole(…)",
            Self::Events(_) => "Events(…)",
        })
    }
}

impl LayerBody {
    /// Keeps the slot of an event stream until the stream ends.
    pub(super) fn holding(mut self, slot: StreamSlot) -> Self {
        if let Self::Events(events) = &mut self {
            events.hold(slot);
        }
        self
    }
}

impl<B> SqrlBody<B> {
    pub(super) fn application(body: B) -> Self {
        Self { kind: Kind::Application { body } }
    }

    pub(super) fn layer(body: LayerBody) -> Self {
        Self { kind: Kind::Layer { body } }
    }
}

impl<B> Body for SqrlBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            ProjectedKind::Application { body } => body.poll_frame(cx),
            ProjectedKind::Layer { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Application { body } => body.is_end_stream(),
            Kind::Layer { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Application { body } => body.size_hint(),
            Kind::Layer { body } => body.size_hint(),
        }
    }
}

impl Body for LayerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Events(events) => {
                events.poll_event(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}
