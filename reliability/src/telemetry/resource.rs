use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::percent::percent_decode;
use super::variables::Variables;
use super::{Attribute, InvalidVariable, Value};

/// What is watched: the service, the process, and the machine that it runs on.
///
/// By the [semantic conventions for resources](https://opentelemetry.io/docs/specs/semconv/resource/).
/// Every export carries it, so that numbers of several instances can be told apart and added up.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::Resource;
///
/// let resource = Resource::detect()?.with("service.name", "storefront");
/// assert_eq!(resource.text("service.name"), Some("storefront"));
/// assert_eq!(resource.text("telemetry.sdk.language"), Some("rust"));
/// # Ok::<(), reliability::telemetry::InvalidVariable>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    attributes: Vec<Attribute>,
}

impl Resource {
    /// What nobody has said anything of.
    pub const fn empty() -> Self {
        Self { attributes: Vec::new() }
    }

    /// What can be found out about this process, and what the environment says of it.
    ///
    /// | attribute | from |
    /// |---|---|
    /// | `service.name` | `OTEL_SERVICE_NAME`, or `OTEL_RESOURCE_ATTRIBUTES`, or the name of the program: `unknown_service:storefront` |
    /// | `service.instance.id` | random, for the life of the process |
    /// | `process.pid`, `process.executable.name` | the system |
    /// | `host.name`, `host.arch`, `os.type` | the system |
    /// | `container.id` | the control groups of the process, on Linux |
    /// | `k8s.pod.name` | the host's name, where `KUBERNETES_SERVICE_HOST` is set |
    /// | `telemetry.sdk.name`, `telemetry.sdk.language`, `telemetry.sdk.version` | this crate |
    /// | any other | `OTEL_RESOURCE_ATTRIBUTES`: `deployment.environment.name=test,team=red` |
    ///
    /// What the environment says wins.
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] when `OTEL_RESOURCE_ATTRIBUTES` is not a list of names and values.
    pub fn detect() -> Result<Self, InvalidVariable> {
        Self::detect_in(Variables::of_process())
    }

    pub(crate) fn detect_in(variables: Variables<'_>) -> Result<Self, InvalidVariable> {
        let given = match variables.get(ATTRIBUTES) {
            Some(text) => parse(&text)?,
            None => Vec::new(),
        };
        let mut resource = Self::of_system(variables);
        for (key, value) in given {
            resource = resource.with(key, value);
        }
        if let Some(name) = variables.get("OTEL_SERVICE_NAME") {
            resource = resource.with("service.name", name);
        }
        Ok(resource)
    }

    fn of_system(variables: Variables<'_>) -> Self {
        let program = system::program().unwrap_or_else(|| "unknown".into());
        let host = system::host_name();
        let mut resource = Self::empty()
            .with("service.name", alloc::format!("unknown_service:{program}"))
            .with("service.instance.id", system::instance())
            .with("process.pid", std::process::id())
            .with("process.executable.name", program)
            .with("host.arch", arch(std::env::consts::ARCH))
            .with("os.type", os(std::env::consts::OS))
            .with("telemetry.sdk.name", "reliability")
            .with("telemetry.sdk.language", "rust")
            .with("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
        if let Some(id) = system::container() {
            resource = resource.with("container.id", id);
        }
        if let Some(host) = host {
            if variables.get("KUBERNETES_SERVICE_HOST").is_some() {
                resource = resource.with("k8s.pod.name", host.clone());
            }
            resource = resource.with("host.name", host);
        }
        resource
    }

    /// The same with that attribute; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        let new = Attribute::new(key, value);
        match self.attributes.iter_mut().find(|attribute| attribute.key == new.key) {
            Some(attribute) => *attribute = new,
            None => self.attributes.push(new),
        }
        self
    }

    /// All that is known.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The value of that name, if it is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.key == key)?.value.as_str()
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, attribute) in self.attributes.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{attribute}")?;
        }
        Ok(())
    }
}

const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// Names and values, as in `key1=value1,key2=value2`, each value with `%` before what would part
/// it. See the [specification](https://opentelemetry.io/docs/specs/otel/resource/sdk/).
fn parse(text: &str) -> Result<Vec<(String, String)>, InvalidVariable> {
    let wrong = |part: &str| {
        let expected = "names and values, such as `team=red,deployment.environment.name=test`";
        InvalidVariable::new(ATTRIBUTES, expected, part)
    };
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value) = part.split_once('=').ok_or_else(|| wrong(part))?;
            let (key, value) = (percent_decode(key.trim()), percent_decode(value.trim()));
            match (key, value) {
                (Some(key), Some(value)) if !key.is_empty() => Ok((key, value)),
                _ => Err(wrong(part)),
            }
        })
        .collect()
}

/// As the conventions call it.
fn arch(arch: &str) -> String {
    match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "x86",
        "arm" => "arm32",
        "powerpc64" => "ppc64",
        "powerpc" => "ppc32",
        other => other,
    }
    .to_string()
}

/// As the conventions call it.
fn os(os: &str) -> String {
    match os {
        "macos" => "darwin",
        "dragonfly" => "dragonflybsd",
        other => other,
    }
    .to_string()
}

mod system {
    use super::{String, ToString};
    use std::sync::OnceLock;

    pub(super) fn program() -> Option<String> {
        let path = std::env::current_exe().ok()?;
        Some(path.file_name()?.to_string_lossy().into_owned())
    }

    pub(super) fn host_name() -> Option<String> {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_string()).filter(|name| !name.is_empty())
    }

    pub(super) fn container() -> Option<String> {
        let files = ["/proc/self/cgroup", "/proc/self/mountinfo"];
        files.iter().find_map(|path| super::container_id(&std::fs::read_to_string(path).ok()?))
    }

    /// A random UUID, version 4 of [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.4).
    pub(super) fn instance() -> String {
        static INSTANCE: OnceLock<String> = OnceLock::new();
        let make = || {
            let random = fastrand::u128(..);
            let id = random & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
            let hex = alloc::format!("{id:032x}");
            [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
        };
        INSTANCE.get_or_init(make).clone()
    }
}

/// The first 64 hexadecimal digits in a row that stand where runtimes write the id of a container.
fn container_id(text: &str) -> Option<String> {
    let is_id = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let of_container = |line: &&str| {
        ["docker", "containerd", "kubepods", "libpod", "crio", "lxc"]
            .iter()
            .any(|runtime| line.contains(runtime))
    };
    text.lines()
        .filter(of_container)
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()))
        .find(is_id)
        .map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(pairs: &[(&str, &str)]) -> Result<Resource, InvalidVariable> {
        let look_up = |name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
        };
        Resource::detect_in(Variables::new(&look_up))
    }

    #[test]
    fn what_the_environment_says_wins() -> Result<(), InvalidVariable> {
        let given = "service.name=a,team=red%2Cblue, host.name = here ,";
        let resource = detected(&[(ATTRIBUTES, given), ("OTEL_SERVICE_NAME", "shop")])?;
        assert_eq!(resource.text("service.name"), Some("shop"));
        assert_eq!(resource.text("team"), Some("red,blue"));
        assert_eq!(resource.text("host.name"), Some("here"));
        let names = resource.attributes().iter().filter(|a| a.key == "service.name");
        assert_eq!(names.count(), 1);
        Ok(())
    }

    #[test]
    fn without_a_word_the_program_gives_the_name() -> Result<(), InvalidVariable> {
        let resource = detected(&[("OTEL_SERVICE_NAME", "  ")])?;
        let name = resource.text("service.name").unwrap_or_default();
        assert!(name.starts_with("unknown_service:reliability"), "{name}");
        assert_eq!(resource.text("k8s.pod.name"), None);
        let pid = resource.attributes().iter().find(|a| a.key == "process.pid").map(|a| &a.value);
        assert_eq!(pid, Some(&Value::from(std::process::id())));
        Ok(())
    }

    #[test]
    fn an_instance_has_one_id_that_is_a_uuid() -> Result<(), InvalidVariable> {
        let (one, two) = (detected(&[])?, detected(&[])?);
        let id = one.text("service.instance.id").unwrap_or_default();
        assert_eq!(Some(id), two.text("service.instance.id"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
        Ok(())
    }

    #[test]
    fn what_is_no_list_of_names_and_values_is_refused() {
        for (given, told) in [("red", "red"), ("=red", "=red"), ("a=1,b=%", "b=%")] {
            let error = detected(&[(ATTRIBUTES, given)]).map_err(|error| error.to_string());
            let wanted = alloc::format!(
                "the variable OTEL_RESOURCE_ATTRIBUTES must be names and values, such as \
                 `team=red,deployment.environment.name=test`, but is `{told}`; give it such a \
                 value, or unset it"
            );
            assert_eq!(error, Err(wanted));
        }
    }

    #[test]
    fn a_container_is_known_by_its_control_group() {
        let id = "3f8b1c0de1".repeat(6) + "abcd";
        for line in [
            alloc::format!("12:memory:/docker/{id}"),
            alloc::format!("0::/kubepods/besteffort/pod1234/{id}"),
            alloc::format!("0::/system.slice/docker-{id}.scope"),
            alloc::format!("1 0 0:1 /var/lib/docker/containers/{id}/hostname /etc/hostname rw"),
        ] {
            assert_eq!(container_id(&line), Some(id.clone()), "{line}");
        }
        assert_eq!(container_id("0::/init.scope\n0::/user.slice/session-1.scope"), None);
    }
}
