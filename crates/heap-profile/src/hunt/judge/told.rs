//! What the report says: the verdict of all, and each site and field as a reader sees it.

use std::collections::BTreeSet;

use super::super::checks;
use super::super::{
    Check, FieldGrowth, JudgedSite, LiveGrowth, REPORT_VERSION, Rate, Reading, Report, Settings, Unit,
    Verdict,
};
use super::{Hunt, Site, rank};

impl Hunt<'_, '_> {
    pub(super) fn report(
        &self,
        sites: Vec<Site>,
        live: LiveGrowth,
        checks: Vec<Check>,
        readings: &[Reading<'_>],
        settings: &Settings,
    ) -> Report {
        let parts = &self.evidence.parts;
        let steady_sites = sites
            .iter()
            .filter(|site| site.judged.verdict == Verdict::Steady)
            .count();
        let told: Vec<&Site> = sites
            .iter()
            .filter(|site| site.judged.verdict != Verdict::Steady)
            .collect();
        let first = parts.first().map_or(0, |part| part.begun_nanos());
        let judged: Vec<JudgedSite> = told.iter().map(|site| self.judged_site(site)).collect();
        Report {
            version: REPORT_VERSION,
            subject: settings.subject.clone(),
            started: first / 1_000_000,
            seconds: self.plan.seconds.iter().skip(1).sum(),
            verdict: verdict(&told, &checks),
            unit: settings.unit,
            threshold: settings.threshold,
            looks: settings.look,
            live,
            fields: self.fields(&told, &judged),
            sites: judged,
            steady_sites,
            phases: parts.iter().map(|part| part.figures(settings.unit)).collect(),
            smallest_leak: self.smallest(),
            units_needed: told.iter().filter_map(|site| site.judged.units_needed).max(),
            checks,
            notes: checks::notes(parts, readings),
            born_before: self.plan.rungs.last().map(|at| self.evidence.opened[*at]),
        }
    }

    /// The leaking sites of each field together, what grew most first.
    fn fields(&self, told: &[&Site], judged: &[JudgedSite]) -> Vec<FieldGrowth> {
        let mut fields: Vec<(Option<String>, Unit, Vec<usize>)> = Vec::new();
        for (at, site) in told.iter().enumerate() {
            if site.judged.verdict != Verdict::Leak {
                continue;
            }
            let (field, unit) = (judged[at].field.clone(), site.judged.rate.unit);
            match fields
                .iter_mut()
                .find(|(known, in_unit, _)| (known, *in_unit) == (&field, unit))
            {
                Some((_, _, sites)) => sites.push(at),
                None => fields.push((field, unit, vec![at])),
            }
        }
        let grown = |sites: &[usize]| sites.iter().map(|at| told[*at].growth).sum::<f64>();
        fields.sort_by(|(.., a), (.., b)| grown(b).total_cmp(&grown(a)));
        fields
            .into_iter()
            .map(|(field, unit, sites)| FieldGrowth {
                rate: self.rate_of(&sites, told, unit),
                field,
                sites,
            })
            .collect()
    }

    fn rate_of(&self, sites: &[usize], told: &[&Site], unit: Unit) -> Rate {
        if let [only] = sites {
            return told[*only].judged.rate;
        }
        let lines: BTreeSet<usize> = sites
            .iter()
            .flat_map(|at| told[*at].group.lines.iter().copied())
            .collect();
        let lines: Vec<usize> = lines.into_iter().collect();
        self.course(&lines).rate_in(unit)
    }

    fn judged_site(&self, site: &Site) -> JudgedSite {
        let (face, judged) = (site.group.face(self.evidence), &site.judged);
        let phases = self.evidence.parts.len();
        let round = |value: f64| value.round() as i64;
        let course = self.course(&site.group.lines);
        let survival = &course.survival;
        JudgedSite {
            key: site.group.function.clone(),
            function: crate::names::short(&site.group.function),
            place: face.place,
            own: face.own,
            spread: site.group.spread,
            through: face.through,
            frames: face.frames,
            field: face.field,
            kind: face.kind,
            operations: face.operations,
            verdict: judged.verdict,
            why: judged.why.clone(),
            rate: judged.rate,
            objects_per_unit: judged.objects_per_unit,
            since: face.since,
            live: (0..phases).map(|at| round(survival.live(at).bytes)).collect(),
            live_objects: (0..phases).map(|at| round(survival.live(at).objects)).collect(),
            survival: (0..phases)
                .map(|born| {
                    (born..phases)
                        .map(|alive| round(survival.at(born, alive).bytes))
                        .collect()
                })
                .collect(),
            rungs: course.rungs(),
            units_needed: judged.units_needed,
            known: false,
            stacks: site.group.stacks(self.evidence),
            holders: None,
        }
    }
}

/// A leak if any site is, else inconclusive if any is or a check has failed, and so on.
fn verdict(told: &[&Site], checks: &[Check]) -> Verdict {
    let verdicts = told.iter().map(|site| site.judged.verdict);
    let worst = verdicts
        .min_by_key(|verdict| rank(*verdict))
        .unwrap_or(Verdict::Steady);
    // A method that does not hold up here has not shown that there is nothing.
    if worst != Verdict::Leak && checks.iter().any(|check| !check.passed) {
        Verdict::Inconclusive
    } else {
        worst
    }
}
