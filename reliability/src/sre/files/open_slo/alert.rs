use alloc::format;
use alloc::string::String;

use super::super::draft::{DraftAlert, URGENCIES};
use super::super::reader::{Place, Reader, Spot, Table};
use super::metadata::{self, OURS};
use super::named::Named;
use super::window::length;
use super::{INLINE, inline_kind, only_one};
use crate::sre::Burn;

/// When an alert fires; `None` where it could not be read, which is told already.
pub(super) type Condition = Option<DraftAlert>;

/// An alert, whose condition may stand elsewhere.
pub(super) enum Policy {
    Here(Condition),
    /// Its name, and where it is named.
    There {
        name: String,
        spot: Spot,
    },
    Broken,
}

/// Reads an `AlertCondition`: a document, or a condition of a policy.
pub(super) fn condition(
    reader: &mut Reader<'_>,
    object: &Table<'_>,
) -> (Option<(String, Spot)>, Condition) {
    let metadata = metadata::read(reader, object, &["short-window"]);
    let condition = condition_spec(reader, object, &metadata);
    (metadata.name, condition)
}

fn condition_spec(
    reader: &mut Reader<'_>,
    object: &Table<'_>,
    metadata: &metadata::Metadata<'_>,
) -> Condition {
    let spec = reader.required(object, "spec", "`severity` and `condition`")?;
    let spec = reader.table(&spec, &["description", "severity", "condition"])?;
    description(reader, &spec);
    let urgency = reader.required(&spec, "severity", "`severity: page`");
    let urgency = urgency.and_then(|place| reader.word(&place, &URGENCIES, ""));
    let condition = reader.required(&spec, "condition", "`condition: { kind: burnrate, .. }`")?;
    let keys = &["kind", "op", "threshold", "lookbackWindow", "alertAfter"];
    let table = reader.table(&condition, keys)?;
    if let Some(kind) = table.value("kind") {
        reader.word(&kind, &[("burnrate", ())], "");
    }
    if let Some(op) = reader.required(&table, "op", "`op: gt`") {
        let reason = ", because an alert fires while the budget burns faster than its threshold";
        reader.word(&op, &[("gt", ())], reason);
    }
    let burn = reader.required(&table, "threshold", "`threshold: 14.4`");
    let burn = burn.and_then(|place| {
        Some((Burn::millionths(reader.decimal(&place, 6, "14.4")?), place.spot()))
    });
    let long = reader.required(&table, "lookbackWindow", "`lookbackWindow: 1h`");
    let long = long.and_then(|place| Some((length(reader, &place, "1h")?, place.spot())));
    let after = table.value("alertAfter");
    let waits =
        after.filter(|place| length(reader, place, "0m").is_some_and(|length| !length.is_zero()));
    if let Some(after) = &waits {
        let message = format!(
            "`{}` must be `0m`, or left out: here a second, short window says that it still goes on; \
             annotate the condition with `{OURS}short-window: 5m`",
            after.path
        );
        reader.refuse(&after.node.span, message);
    }
    let short = match metadata.own("short-window") {
        Some(place) => reader.duration(place, "5m").map(|short| (short, place.spot())),
        // That a short one is wanted is said already.
        None if waits.is_some() => None,
        None => {
            let message = format!(
                "`{}` has one window, and an alert here has a second, short one, so that it ends soon \
                 after its cause; annotate the condition with `{OURS}short-window: 5m` (a twelfth of \
                 `lookbackWindow` is usual)",
                condition.path
            );
            reader.refuse(&condition.node.span, message);
            None
        }
    };
    let long = long.filter(|_| short.is_some());
    Some(DraftAlert { urgency: urgency?, long, short, burn })
}

/// Reads an `AlertPolicy`: a document, or one of an SLO.
pub(super) fn policy(
    reader: &mut Reader<'_>,
    object: &Table<'_>,
) -> (Option<(String, Spot)>, Policy) {
    let metadata = metadata::read(reader, object, &[]);
    let policy = policy_spec(reader, object).unwrap_or(Policy::Broken);
    (metadata.name, policy)
}

fn policy_spec(reader: &mut Reader<'_>, object: &Table<'_>) -> Option<Policy> {
    let spec = reader.required(object, "spec", "`alertWhenBreaching: true` and `conditions`")?;
    let keys = &[
        "description",
        "alertWhenNoData",
        "alertWhenResolved",
        "alertWhenBreaching",
        "conditions",
        "notificationTargets",
    ];
    let spec = reader.table(&spec, keys)?;
    description(reader, &spec);
    when(reader, &spec);
    if let Some(place) = spec.value("notificationTargets") {
        targets(reader, &place);
    }
    let conditions =
        reader.required(&spec, "conditions", "`conditions: [{ conditionRef: .. }]`")?;
    let place = only_one(reader, &conditions, "conditions", "write one policy for each")?;
    let keys = &["conditionRef", "apiVersion", "kind", "metadata", "spec"];
    let table = reader.table(&place, keys)?;
    if let Some(name) = reference(reader, &table, "conditionRef") {
        let spot = name.spot();
        return Some(Policy::There { name: reader.text(&name)?.into(), spot });
    }
    inline_kind(reader, &table, "AlertCondition");
    Some(Policy::Here(condition(reader, &table).1))
}

/// When somebody is told of an alert.
fn when(reader: &mut Reader<'_>, spec: &Table<'_>) {
    let breaching = reader.required(spec, "alertWhenBreaching", "`alertWhenBreaching: true`");
    if let Some(place) = breaching
        && reader.flag(&place) == Some(false)
    {
        let message = format!(
            "`{}` must be true: an alert that does not fire is none; leave the policy out",
            place.path
        );
        reader.refuse(&place.node.span, message);
    }
    if let Some(place) = spec.value("alertWhenNoData")
        && reader.flag(&place) == Some(true)
    {
        let message = format!(
            "`{}` must be false: without data there is no burn rate, and nobody is called; alert on \
             missing data where the data is kept",
            place.path
        );
        reader.refuse(&place.node.span, message);
    }
    if let Some(place) = spec.value("alertWhenResolved")
        && reader.flag(&place) == Some(false)
    {
        reader.remark(&place, "is for other programs; a watch tells also that an alert is over");
    }
}

/// Who is told: references or objects, of which nothing is taken.
fn targets(reader: &mut Reader<'_>, place: &Place<'_>) {
    let Some(list) = reader.list(place, "notification targets") else { return };
    let keys = &["targetRef", "apiVersion", "kind", "metadata", "spec"];
    let mut ours = true;
    for place in list {
        ours = false;
        let Some(table) = reader.table(&place, keys) else { continue };
        if let Some(name) = reference(reader, &table, "targetRef") {
            reader.text(&name);
            continue;
        }
        inline_kind(reader, &table, "AlertNotificationTarget");
        metadata::read(reader, &table, &[]);
        let spec = reader.required(&table, "spec", "`spec: { target: email }`");
        let Some(spec) = spec.and_then(|place| reader.table(&place, &["target", "description"]))
        else {
            continue;
        };
        description(reader, &spec);
        let target = reader.required(&spec, "target", "`target: email`");
        let target = target.and_then(|place| reader.text(&place));
        ours = target == Some(super::write::SOURCE);
    }
    if !ours {
        reader.remark(
            place,
            "are for other programs; who is told is said where the watch is started",
        );
    }
}

/// The value of a `..Ref`, beside which nothing else may stand.
pub(super) fn reference<'n>(
    reader: &mut Reader<'_>,
    table: &Table<'n>,
    name: &str,
) -> Option<Place<'n>> {
    let reference = table.value(name)?;
    for beside in INLINE.iter().filter_map(|key| table.value(key)) {
        let message = format!("`{}` is there beside `{name}`; keep one of them", beside.path);
        reader.refuse(&beside.node.span, message);
    }
    Some(reference)
}

/// The alert of a policy, by way of the conditions of the file.
pub(super) fn of_policy(
    reader: &mut Reader<'_>,
    policy: &Policy,
    conditions: &mut Named<Condition>,
) -> Option<DraftAlert> {
    match policy {
        Policy::Here(condition) => condition.clone(),
        Policy::There { name, spot } => conditions.refer_to(reader, name, spot)?.clone(),
        Policy::Broken => None,
    }
}

fn description(reader: &mut Reader<'_>, spec: &Table<'_>) {
    if let Some(place) = spec.value("description")
        && reader.text(&place).is_some()
    {
        reader.remark(&place, "is for people who read the file");
    }
}
