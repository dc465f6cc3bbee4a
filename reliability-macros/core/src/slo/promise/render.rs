use proc_macro2::TokenStream;
use quote::quote;

use super::{Alert, Percent, Promise, Window};
use crate::{crate_path::CratePath, literal::Period};

/// A block whose value is the handle of a core that is listed before `main`.
pub(super) fn render(promise: &Promise) -> TokenStream {
    let krate = &promise.krate;
    let name = promise.name.as_ref().map(syn::LitStr::value).unwrap_or_default();
    let window = window(promise.window.as_ref());
    let objectives = objectives(promise);
    let alerts = alerts(promise.alerts.as_deref());
    let description = promise.description.iter().map(|text| quote!(.description(#text)));
    let min_events = promise.min_events.iter().map(|count| quote!(.min_events(#count as u64)));
    let policy = policy(promise);
    quote!({
        use #krate::__private::{Site, inventory, sre};
        static CORE: sre::Core = sre::Core::declared(
            sre::Definition::new(#name, #window)
                #(.objective(#objectives))*
                #alerts
                #(#description)*
                #(#min_events)*
                #policy,
            Site::new(
                ::core::module_path!(),
                #name,
                ::core::file!(),
                ::core::line!(),
            ),
        );
        inventory::submit! { sre::Registered::new(&CORE) }
        sre::Slo::from_core(&CORE)
    })
}

/// Something of the right type, beside errors.
pub(super) fn instead(krate: &CratePath) -> TokenStream {
    quote! {
        use #krate::__private::sre;
        static CORE: sre::Core = sre::Core::new(
            sre::Definition::new("invalid", sre::Window::days(30))
                .objective(sre::Objective::availability(sre::Target::percent("99"))),
        );
        sre::Slo::from_core(&CORE)
    }
}

fn window(window: Option<&Window>) -> TokenStream {
    match window {
        None => quote!(sre::Window::days(30)),
        Some(Window::Rolling(Period { duration, .. })) => {
            let seconds = duration.as_secs();
            if seconds.is_multiple_of(86_400) {
                let days = (seconds / 86_400) as u32;
                quote!(sre::Window::days(#days))
            } else {
                quote!(sre::Window::rolling(::core::time::Duration::from_secs(#seconds)))
            }
        }
        Some(Window::Calendar { unit, offset_minutes: 0, .. }) => {
            quote!(sre::Window::calendar(sre::CalendarUnit::#unit))
        }
        Some(Window::Calendar { unit, offset_minutes, .. }) => quote! {
            sre::Window::calendar(sre::CalendarUnit::#unit)
                .at(sre::UtcOffset::minutes(#offset_minutes))
        },
    }
}

fn objectives(promise: &Promise) -> Vec<TokenStream> {
    let target = |percent: Percent| {
        let text = percent.text();
        quote!(sre::Target::percent(#text))
    };
    let mut objectives = Vec::new();
    if let Some(percent) = promise.availability {
        let target = target(percent);
        objectives.push(quote!(sre::Objective::availability(#target)));
    }
    if let Some(percent) = promise.error_rate {
        let at_most = target(percent);
        objectives.push(quote!(sre::Objective::error_rate(#at_most)));
    }
    for latency in &promise.latencies {
        let (target, threshold) = (target(latency.target), &latency.threshold);
        let named = (promise.latencies.len() > 1).then(|| {
            let name = latency.name();
            quote!(.named(#name))
        });
        objectives.push(quote!(sre::Objective::latency(#target, #threshold) #named));
    }
    if let Some(throughput) = &promise.throughput {
        let target = target(throughput.target);
        let (at_least, seconds) = (throughput.at_least, throughput.slice_seconds);
        let slice = quote!(::core::time::Duration::from_secs(#seconds));
        objectives.push(quote!(sre::Objective::throughput(#target, #at_least, #slice)));
    }
    if let Some(percent) = promise.correctness {
        let target = target(percent);
        objectives.push(quote!(sre::Objective::correctness(#target)));
    }
    objectives
}

fn alerts(alerts: Option<&[Alert]>) -> TokenStream {
    match alerts {
        None => TokenStream::new(),
        Some([]) => quote!(.without_alerts()),
        Some(alerts) => {
            let alerts = alerts.iter().map(|alert| {
                let (burn, long) = (alert.burn, &alert.long);
                let told = if alert.is_page { quote!(page) } else { quote!(ticket) };
                let short = alert.short.iter().map(|short| quote!(.short(#short)));
                quote!(sre::Alert::#told(sre::Burn::millionths(#burn), #long) #(#short)*)
            });
            quote!(#(.alert(#alerts))*)
        }
    }
}

fn policy(promise: &Promise) -> Option<TokenStream> {
    let Promise { freeze_below, roll_back_below, hysteresis, .. } = promise;
    if (freeze_below, roll_back_below, hysteresis) == (&None, &None, &None) {
        return None;
    }
    let freeze = freeze_below.iter().map(|percent| {
        let percent = *percent as i16;
        quote!(.freeze_below(#percent))
    });
    let roll_back = roll_back_below.iter().map(|percent| {
        let percent = *percent as i16;
        quote!(.roll_back_below(#percent))
    });
    let hysteresis = hysteresis.iter().map(|points| {
        let points = *points as u8;
        quote!(.hysteresis(#points))
    });
    Some(quote! {
        .policy(sre::BudgetPolicy::standard() #(#freeze)* #(#roll_back)* #(#hysteresis)*)
    })
}
