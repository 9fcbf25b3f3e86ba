//! The socket and the bodies of a connection. They tell its limiter if there is work to do, or if the client is waited for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection_limiter::ConnectionProgress;

/// What the socket and the bodies of one connection share.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) progress: ConnectionProgress,
    /// True once an answer was made to its end, although it may not be written yet.
    is_answered: Arc<AtomicBool>,
}

impl Watch {
    pub(super) fn new(progress: ConnectionProgress) -> Self {
        Self { progress, is_answered: Arc::default() }
    }

    /// False for a connection that was told to close: its request must not be handled.
    pub(super) fn request_begins(&self) -> bool {
        self.is_answered.store(false, Ordering::Relaxed);
        self.progress.request_begins()
    }

    /// Notes whether the client takes what is written.
    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        if written.is_pending() {
            self.progress.is_stuck();
        } else {
            self.progress.goes_on();
        }
    }

    pub(super) fn request(&self, body: Incoming) -> RequestBody {
        RequestBody { body, progress: self.progress.clone() }
    }

    pub(super) fn answer(&self, body: Body) -> AnswerBody {
        AnswerBody { body, is_answered: Arc::clone(&self.is_answered) }
    }

    pub(super) fn socket<S>(self, socket: S) -> Socket<S> {
        Socket { socket, watch: self }
    }
}

/// The body of a request.
pub(super) struct RequestBody {
    body: Incoming,
    progress: ConnectionProgress,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => {
                self.progress.waits();
                Poll::Pending
            }
            Poll::Ready(_) if !self.progress.goes_on() => {
                Poll::Ready(Some(Err("the connection was closed to make room for another one".into())))
            }
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. It is dropped when all of it was taken.
pub(super) struct AnswerBody {
    body: Body,
    is_answered: Arc<AtomicBool>,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.is_answered.store(true, Ordering::Relaxed);
    }
}

/// The socket of the connection. Hyper flushes it only when everything was written.
pub(super) struct Socket<S> {
    socket: S,
    watch: Watch,
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.watch.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, pieces);
        self.watch.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_ready() && self.watch.is_answered.swap(false, Ordering::Relaxed) {
            self.watch.progress.answer_ended();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
