//! What a projector is told to do.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Run,
    Pause,
    Stop,
}

/// The sending end. A clone tells the same projector.
#[derive(Debug, Clone)]
pub(crate) struct Remote(watch::Sender<Command>);

impl Remote {
    pub(crate) fn pause(&self) {
        self.tell(Command::Pause);
    }

    pub(crate) fn resume(&self) {
        self.tell(Command::Run);
    }

    pub(crate) fn stop(&self) {
        self.tell(Command::Stop);
    }

    fn tell(&self, command: Command) {
        // Whoever was stopped stays so.
        self.0.send_if_modified(|now| *now != Command::Stop && std::mem::replace(now, command) != command);
    }
}

/// The receiving end. When the sending end is gone, the last command stays.
#[derive(Debug, Clone)]
pub(super) struct Control(watch::Receiver<Command>);

impl Control {
    pub(super) fn new() -> (Remote, Self) {
        let (sender, receiver) = watch::channel(Command::Run);
        (Remote(sender), Self(receiver))
    }

    pub(super) fn command(&self) -> Command {
        *self.0.borrow()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.command() == Command::Stop
    }

    /// Waits for a command of which `is_it` holds.
    pub(super) async fn until(&mut self, is_it: impl Fn(Command) -> bool) {
        if self.0.wait_for(|command| is_it(*command)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) async fn stopped(&mut self) {
        self.until(|command| command == Command::Stop).await;
    }
}
