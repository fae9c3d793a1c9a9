//! How many bytes may pass in a second, by the rule that lets them pass.
//!
//! What passes is booked on an account that is paid off at the rate; a little debt is free, so that small messages do
//! not wait for each other.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use socks_conf::sockd::Rule;
use tokio::time::{Instant, sleep_until};

/// What an account may owe.
const CREDIT: Duration = Duration::from_millis(200);

/// One account, shared by connections.
#[derive(Debug)]
pub(crate) struct Account {
    rate: NonZeroU64,
    /// When everything that has passed is paid off.
    even: Mutex<Instant>,
}

impl Account {
    fn new(rate: NonZeroU64) -> Account {
        Account { rate, even: Mutex::new(Instant::now()) }
    }

    /// Books bytes, and completes when they may pass.
    pub(crate) async fn pass(&self, bytes: usize) {
        let even = self.book(bytes);
        sleep_until(even - CREDIT).await;
    }

    /// Whether something may pass at once.
    pub(crate) fn has_credit(&self) -> bool {
        *self.even.lock().unwrap_or_else(PoisonError::into_inner) <= Instant::now() + CREDIT
    }

    /// As many bytes as may be booked at a time, so that the others on the account have their turn soon.
    pub(crate) fn turn(&self) -> usize {
        /// Turns in a second.
        const TURNS: u64 = 10;
        usize::try_from((self.rate.get() / TURNS).max(1)).unwrap_or(usize::MAX)
    }

    /// Books bytes, and says when everything will be paid off.
    pub(crate) fn book(&self, bytes: usize) -> Instant {
        let cost = Duration::from_secs_f64(bytes as f64 / self.rate.get() as f64);
        let mut even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
        *even = (*even).max(Instant::now()) + cost;
        *even
    }
}

/// The accounts of one rule.
#[derive(Debug)]
pub(crate) struct Accounts {
    of_rule: Option<Arc<Account>>,
    user_rate: Option<NonZeroU64>,
    of_users: Mutex<HashMap<User, Weak<Account>>>,
}

/// Who has an account of his own: a name or, without one, a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum User {
    Named(String),
    At(IpAddr),
}

impl Accounts {
    /// Those of a rule that limits anything.
    pub(crate) fn of(rule: &Rule) -> Option<Accounts> {
        (rule.bandwidth.is_some() || rule.user_bandwidth.is_some()).then(|| Accounts {
            of_rule: rule.bandwidth.map(|rate| Arc::new(Account::new(rate))),
            user_rate: rule.user_bandwidth,
            of_users: Mutex::default(),
        })
    }

    /// On which to book what this user's connections carry.
    pub(crate) fn for_user(&self, user: &User) -> Vec<Arc<Account>> {
        let of_user = self.user_rate.map(|rate| self.of_user(user, rate));
        self.of_rule.iter().cloned().chain(of_user).collect()
    }

    /// The account of a user lasts as long as one of his connections.
    fn of_user(&self, user: &User, rate: NonZeroU64) -> Arc<Account> {
        let mut accounts = self.of_users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(user).and_then(Weak::upgrade) {
            return account;
        }
        accounts.retain(|_, account| account.strong_count() > 0);
        let account = Arc::new(Account::new(rate));
        accounts.insert(user.clone(), Arc::downgrade(&account));
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KILOBYTE: Option<NonZeroU64> = NonZeroU64::new(1000);

    fn account() -> Account {
        Account::new(KILOBYTE.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_bytes_pass_in_a_second_and_no_more() {
        let (account, begun) = (account(), Instant::now());
        for _ in 0..1000 {
            account.pass(10).await;
        }
        // Ten seconds' worth, of which a little is owed; the clock of the runtime ticks in milliseconds.
        let lasted = begun.elapsed();
        assert!(lasted >= Duration::from_secs(10) - CREDIT, "{lasted:?}");
        assert!(lasted <= Duration::from_secs(10), "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_been_quiet_saves_nothing() {
        let account = account();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let begun = Instant::now();
        account.pass(5000).await;
        account.pass(0).await;
        assert!(begun.elapsed() >= Duration::from_secs(5) - CREDIT);
    }

    #[tokio::test(start_paused = true)]
    async fn datagrams_pass_at_once_or_not_at_all() {
        let account = account();
        assert!(account.has_credit());
        account.book(1000);
        assert!(!account.has_credit());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(account.has_credit());
    }

    #[tokio::test(start_paused = true)]
    async fn connections_share_the_account_of_their_user_and_that_of_the_rule() {
        let mut rule = Rule::new(socks_conf::sockd::Action::Pass);
        assert!(Accounts::of(&rule).is_none());
        (rule.bandwidth, rule.user_bandwidth) = (KILOBYTE, KILOBYTE);
        let accounts = Accounts::of(&rule).unwrap();
        let of = |name: &str| accounts.for_user(&User::Named(name.into()));
        let (alice, again, bob) = (of("alice"), of("alice"), of("bob"));
        assert!(Arc::ptr_eq(&alice[0], &bob[0]) && Arc::ptr_eq(&alice[1], &again[1]));
        assert!(!Arc::ptr_eq(&alice[1], &bob[1]));
        drop((alice, again));
        of("carol");
        assert_eq!(accounts.of_users.lock().unwrap().len(), 2);
    }
}
