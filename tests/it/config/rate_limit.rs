//! A rate limit that counts per key.

use super::*;

#[resilient(rate_limit("1/h", key = tenant))]
async fn price_for(tenant: &str) -> Result<usize, Rejected> {
    Ok(tenant.len())
}

#[test]
fn a_rate_limit_for_each_key_has_the_settings_of_one_without() {
    let _turn = turn();
    let entry = registry::find(concat!(module_path!(), "::price_for")).unwrap();
    let settings = || entry.policy().keyed_rate_limit().unwrap().settings();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(price_for("acme")), Ok(4));
    let file = "[policies.price_for]\nrate_limit = { rate = \"5/m\", burst = 2, wait = \"1s\" }";
    Overlay::from_toml(file).unwrap().apply().unwrap();
    assert_eq!((settings().quota.permits, settings().quota.burst), (5, 2));
    assert_eq!(settings().wait, Some(SECOND));
    assert_eq!(runtime.block_on(price_for("acme")), Ok(4), "one of two was used");
    let too_long = "[policies.price_for]\nrate_limit.wait = \"2h\"";
    assert!(Overlay::from_toml(too_long).and_then(|overlay| overlay.apply()).is_err());
    assert_eq!(settings().quota.permits, 5, "a file that is refused changes nothing");
    nothing();
    assert_eq!(settings().quota.to_string(), "1/h");
}
