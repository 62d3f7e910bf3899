//! How fast a site grows: bytes per unit of the load, or per second.

use super::super::interval::Net;
use super::super::{Rate, Unit};
use super::Course;

impl Course<'_> {
    /// Growth per second: over the whole hunt, as long as the idle phases say the same; else over these alone.
    pub(super) fn rate_by_time(&self) -> Option<Rate> {
        let (net, seconds) = self.idle()?;
        let idle = self.rate(net, seconds, Unit::Second);
        let last = self.plan.last;
        let all = self.plan.seconds_of(&self.phases_to(last));
        let whole = self.rate(self.survival.net(0, last, last), all, Unit::Second);
        let is_the_same = (idle.low..=idle.high).contains(&whole.bytes);
        Some(if is_the_same { whole } else { idle })
    }

    pub(super) fn rate(&self, net: Net, units: f64, unit: Unit) -> Rate {
        Rate {
            bytes: net.bytes() / units,
            low: net.lower(self.plan.chance) / units,
            high: net.upper(self.plan.chance) / units,
            unit,
        }
        .rounded()
    }

    /// Net growth of all of it, per second where it grows by time, else per unit of the load.
    pub(in crate::hunt) fn rate_in(&self, unit: Unit) -> Rate {
        let by_time = (unit == Unit::Second).then(|| self.rate_by_time()).flatten();
        by_time.unwrap_or_else(|| self.rate(self.settled(), self.all_units(), self.plan.unit))
    }

    /// What was born in each matured rung and is alive at the end, per unit.
    pub(in crate::hunt) fn rungs(&self) -> Vec<Rate> {
        let rate = |at: &usize| {
            let (kept, units, chance) = (self.kept(*at), self.units[*at], self.plan.chance);
            Rate {
                bytes: kept.bytes / units,
                low: kept.lower(chance) / units,
                high: kept.upper(self.survival.grain(), chance) / units,
                unit: self.plan.unit,
            }
            .rounded()
        };
        self.plan.matured.iter().map(rate).collect()
    }
}
