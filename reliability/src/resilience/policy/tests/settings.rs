use super::*;

#[tokio::test(start_paused = true)]
async fn settings_change_while_the_policy_works_and_a_bad_one_changes_nothing() {
    let policy = full_policy();
    let before = policy.settings();
    let mut settings = before.clone();
    settings.timeout = Some(5 * MS);
    settings.attempts = Some(0);
    assert!(policy.reconfigure(&settings).is_err());
    assert_eq!(policy.settings(), before);

    settings.attempts = Some(1);
    policy.reconfigure(&settings).unwrap();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::TimedOut)));
    assert_eq!(policy.totals().retries(), 0);

    settings.deadline = None;
    let refused = policy.reconfigure(&settings).unwrap_err();
    assert!(refused.to_string().contains("layers are fixed"), "{refused}");
}
