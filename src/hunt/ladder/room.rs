//! The room that there is for a load: in the service, and in what can be planted there.

use std::time::Duration;

use heap_admin::MOST_PLANTED;
use heap_profile::hunt::LEAST_RUNGS;
use heap_profile::render::bytes;

use super::super::Error;
use super::Hunt;

impl Hunt<'_> {
    pub(super) async fn plant_control(&mut self) -> Result<(), Error> {
        self.begin("before the warm-up");
        let Some(bytes) = self.settings.control else {
            return Ok(());
        };
        // Noted before it is there: an interrupt may come in between.
        self.control = Some(bytes);
        let planted = self.target.admin.set_control(bytes).await?;
        self.control = Some(planted);
        self.evidence.folder.note_control(planted)
    }

    /// How full the control is, after so much load.
    pub(super) async fn see_control(&mut self, load: Duration) -> Result<(), Error> {
        if self.control.is_some() {
            let planted = self.target.admin.planted().await?;
            self.control_room.see(planted, load);
        }
        Ok(())
    }

    /// There is no room for the next rung, be it of the service or of the control: with those that there are, the hunt can do.
    pub(super) fn full(&mut self, of_control: bool) -> Result<bool, Error> {
        if self.evidence.rungs() < LEAST_RUNGS {
            return Err(match of_control {
                true => Error::ControlFull {
                    planted: self.control_room.live(),
                },
                false => self.ceiling.no_room(),
            });
        }
        self.note(match of_control {
            true => format!(
                "the load was stopped since no more than {} can be planted; a smaller --control leaves more room",
                bytes(MOST_PLANTED as i64)
            ),
            false => format!(
                "the load was stopped since the next rung would have gone past half of the memory limit of {} (that of its guard, or half of the memory there is)",
                bytes(self.ceiling.limit as i64)
            ),
        });
        Ok(false)
    }
}
