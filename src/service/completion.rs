//! Futures that run to completion even if their caller goes away.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Runs `work` where it is awaited. If the future is dropped after its first poll, a task completes it.
/// Returns `None` if `work` panics.
///
/// `work` owns its data, so a panic leaves no shared data in an invalid state.
pub(super) fn to_completion<T>(work: impl Future<Output = T> + Send + 'static) -> ToCompletion<T>
where
    T: Send + 'static,
{
    ToCompletion { work: Some(Box::pin(work)), has_started: false }
}

/// The future of [`to_completion`].
pub(super) struct ToCompletion<T: Send + 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    has_started: bool,
}

impl<T: Send + 'static> Future for ToCompletion<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.has_started = true;
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        let done = match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(done)) => Some(done),
            // The panic hook has reported it.
            Err(_) => None,
        };
        self.work = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for ToCompletion<T> {
    fn drop(&mut self) {
        let Some(work) = self.work.take().filter(|_| self.has_started) else { return };
        // Without a runtime, the process is ending.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_that_started_completes_and_other_work_does_not_start() {
        let (go_on, released) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let mut work = to_completion(async move {
            released.await.expect("a word");
            end.send(()).expect("a listener");
        });
        let begun = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut work).poll(cx))).await;
        assert!(begun.is_pending());
        drop(work);
        go_on.send(()).expect("a listener");
        ended.await.expect("the end");

        let (end, ended) = oneshot::channel::<()>();
        drop(to_completion(async move { end.send(()) }));
        assert!(ended.await.is_err());
    }

    #[tokio::test]
    async fn a_panic_is_none() {
        assert_eq!(to_completion(async { 7 }).await, Some(7));
        let panics = to_completion(async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "on purpose");
        });
        assert_eq!(panics.await, None);
    }
}
