//! Tasks that run beside the server.
//!
//! **Invariant:** a task that panics is logged, counted and started again, since nobody would notice otherwise.

use std::time::Duration;

use crate::app::App;
use crate::metrics;

/// How long a task that panicked rests before it is begun anew.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs a task until it ends by itself.
pub fn run<T: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    app: &App,
    task: impl Fn(App) -> T + Send + 'static,
) {
    let app = app.clone();
    tokio::spawn(keep_running(name, PAUSE, move || task(app.clone())));
}

async fn keep_running<T: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    pause: Duration,
    task: impl Fn() -> T,
) {
    while let Err(ended) = tokio::spawn(task()).await {
        metrics::task_panicked(name);
        tracing::error!(task = name, %ended, "a task beside the server panicked, and is begun anew");
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_panics_is_begun_anew_until_it_ends_by_itself() {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = begun.clone();
        let task = move || {
            let time = count.fetch_add(1, Ordering::SeqCst);
            async move { assert!(time >= 2, "the first two times") }
        };
        keep_running("test", Duration::ZERO, task).await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
