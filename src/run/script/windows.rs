//! Which windows are new: what showed before a program was started is compared with what shows
//! now. It asks nobody; the windows are given.

use crate::port::{Process, ProviderError, Window};

/// The windows that showed at one time.
#[derive(Clone, Debug)]
pub(in crate::run) struct Census(Vec<Window>);

impl Census {
    /// Takes what shows now.
    pub(in crate::run) fn new(windows: Vec<Window>) -> Self {
        Self(windows)
    }

    /// Returns the windows of `now` that were not there.
    ///
    /// A window that only changed its title is not new: of the process it belongs to, there must
    /// be more windows than there were.
    pub(in crate::run) fn newcomers<'w>(&self, now: &'w [Window]) -> Vec<&'w Window> {
        let is_new = |window: &&Window| {
            let same_process = |other: &Window| other.pid == window.pid;
            let alike = |other: &Window| {
                same_process(other) && other.title == window.title && other.app_id == window.app_id
            };
            count(now, same_process) > count(&self.0, same_process)
                && count(now, alike) > count(&self.0, alike)
        };
        now.iter().filter(is_new).collect()
    }

    /// Returns the windows of `now` that were not there and are `own`'s, as far as that is known:
    /// where its family is not, those of processes that showed none before.
    pub(in crate::run) async fn strangers<'w>(
        &self,
        now: &'w [Window],
        own: &dyn Process,
    ) -> Result<Vec<&'w Window>, ProviderError> {
        let mut new = self.newcomers(now);
        // Asking for the family may take a while.
        if new.iter().all(|window| window.pid.is_none()) {
            return Ok(new);
        }
        let was_there = |pid: u32| self.0.iter().any(|window| window.pid == Some(pid));
        let family = own.family().await?;
        let is_own = |pid: u32| match &family {
            Some(family) => family.contains(&pid),
            None => own.pid() == Some(pid) || !was_there(pid),
        };
        new.retain(|window| window.pid.is_none_or(is_own));
        Ok(new)
    }
}

fn count(windows: &[Window], which: impl Fn(&Window) -> bool) -> usize {
    windows.iter().filter(|window| which(window)).count()
}

/// Names windows for people.
pub(in crate::run) fn listed(windows: &[Window]) -> String {
    if windows.is_empty() {
        return "there is no window".into();
    }
    let titles: Vec<String> = windows.iter().map(|w| format!("`{}`", w.title)).collect();
    format!("the windows are {}", titles.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program of the process 9.
    #[derive(Debug)]
    struct Own(Option<Vec<u32>>);

    #[async_trait::async_trait]
    impl Process for Own {
        async fn wait(&self) -> Result<crate::port::Exit, ProviderError> {
            std::future::pending().await
        }
        fn exit(&self) -> Option<crate::port::Exit> {
            None
        }
        fn pid(&self) -> Option<u32> {
            Some(9)
        }
        async fn family(&self) -> Result<Option<Vec<u32>>, ProviderError> {
            Ok(self.0.clone())
        }
        fn output(&self) -> String {
            String::new()
        }
        async fn end(&self) {}
    }

    type Named = (&'static str, Option<u32>);

    fn windows(list: &[Named]) -> Vec<Window> {
        let window = |(title, pid): &Named| Window {
            title: (*title).into(),
            app_id: String::new(),
            pid: *pid,
            rect: None,
        };
        list.iter().map(window).collect()
    }

    /// Returns the titles of newcomers, and of those that belong to a program of that family.
    async fn check(before: &[Named], now: &[Named], family: Option<&[u32]>) -> [String; 2] {
        let (census, now) = (Census::new(windows(before)), windows(now));
        let own = Own(family.map(<[u32]>::to_vec));
        let titles = |found: Vec<&Window>| found.iter().map(|w| w.title.as_str()).collect();
        [
            titles(census.newcomers(&now)),
            titles(census.strangers(&now, &own).await.unwrap()),
        ]
    }

    #[tokio::test]
    async fn a_window_that_was_there_is_not_new() {
        let there = ("A", Some(1));
        assert_eq!(check(&[there], &[there], None).await, ["", ""]);
        assert_eq!(
            check(&[there], &[there, ("A", Some(2))], None).await,
            ["A", "A"]
        );
        assert_eq!(
            check(&[("A", None)], &[("A", None), ("B", None)], None).await,
            ["B", "B"]
        );
    }

    #[tokio::test]
    async fn a_changed_title_makes_no_new_window() {
        assert_eq!(
            check(&[("A", Some(1))], &[("B", Some(1))], None).await,
            ["", ""]
        );
        assert_eq!(check(&[("A", None)], &[("B", None)], None).await, ["", ""]);
    }

    #[tokio::test]
    async fn a_second_window_of_another_program_is_no_stranger() {
        let found = check(&[("A", Some(1))], &[("A", Some(1)), ("B", Some(1))], None).await;
        assert_eq!(found, ["B", ""]);
        let found = check(&[("A", Some(9))], &[("A", Some(9)), ("B", Some(9))], None).await;
        assert_eq!(found, ["B", "B"]);
    }

    #[tokio::test]
    async fn where_the_family_is_known_only_its_windows_count() {
        let now = [("child", Some(12)), ("update", Some(5))];
        assert_eq!(
            check(&[], &now, Some(&[9, 12])).await,
            ["childupdate", "child"]
        );
    }
}
