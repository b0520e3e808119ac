//! The one declaration a section is made of: its struct, its reader and its part of the reference.

/// A section of the configuration.
#[derive(Clone, Copy)]
pub(crate) struct SectionInfo {
    /// `server` in `[server]`.
    pub(crate) name: &'static str,
    /// Sentences for the reference.
    pub(crate) description: &'static [&'static str],
    /// In the order of the reference.
    pub(crate) keys: &'static [KeyInfo],
}

/// A key of a section.
#[derive(Clone, Copy)]
pub(crate) struct KeyInfo {
    /// The key.
    pub(crate) name: &'static str,
    /// The type's name.
    pub(crate) kind: fn() -> String,
    /// What holds when it is absent.
    pub(crate) default: DefaultValue,
    /// Whether it is a secret, which `…_FILE` can name a file of.
    pub(crate) secret: bool,
    /// Sentences for the reference.
    pub(crate) description: &'static [&'static str],
}

/// What holds when a key is absent.
#[derive(Clone, Copy)]
pub(crate) enum DefaultValue {
    /// This value, written as in the environment.
    Text(&'static str),
    /// The field is `None`; its meaning depends on other settings, and these words say how.
    Derived(&'static str),
}

impl SectionInfo {
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|info| info.name == key)
    }

    pub(crate) fn is_secret(&self, key: &str) -> bool {
        self.keys.iter().any(|info| info.name == key && info.secret)
    }
}

/// Declares a section. Each key: documentation, name, type, default, and optionally a check with what it expects.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        [$section:ident] $struct:ident {
            $(
                $(#[doc = $doc:literal])+
                $key:ident: $type:ty = $default:expr $(, if $check:expr => $expected:expr)?;
            )+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $struct {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl $struct {
            pub(crate) const INFO: $crate::config::section::SectionInfo = $crate::config::section::SectionInfo {
                name: stringify!($section),
                description: &[$($section_doc),+],
                keys: &[$( $crate::config::section::KeyInfo {
                    name: stringify!($key),
                    kind: <$type as $crate::config::setting::Setting>::kind,
                    default: $default,
                    secret: <$type as $crate::config::setting::Setting>::SECRET,
                    description: &[$($doc),+],
                } ),+],
            };

            /// Reads every key of the section; `section` is its name, or `name.id` of one of its kind.
            ///
            /// # Errors
            /// The first key whose value cannot be used.
            pub(crate) fn read(
                sources: &$crate::config::sources::Sources,
                section: &str,
            ) -> Result<Self, $crate::config::problem::Problem> {
                Ok(Self {
                    $( $key: {
                        let value: $type = sources.read(section, stringify!($key), &$default)?;
                        $( {
                            let check: fn(&$type) -> bool = $check;
                            if !check(&value) {
                                let complaint = format!("expected {}", $expected);
                                return Err(sources.problem::<$type>(section, stringify!($key), complaint));
                            }
                        } )?
                        value
                    }, )+
                })
            }
        }
    };
}
pub(crate) use section;
