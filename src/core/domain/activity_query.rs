//! A whitelisted query over login activity, free of any wire format and of SQL.

use uuid::Uuid;

use super::time::Timestamp;

/// Most rows one answer holds, and the default.
pub const MAX_LIMIT: u32 = 1000;
/// Rows of an answer that names no limit.
pub const DEFAULT_LIMIT: u32 = 100;

/// The columns that may be named.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Column {
    /// `id`
    Id,
    /// `actor`
    Actor,
    /// `tenantId`
    TenantId,
    /// `loginTime`
    LoginTime,
    /// `tokenPayload`
    TokenPayload,
    /// `loginType`
    LoginType,
    /// `deviceInfo`
    DeviceInfo,
    /// `ipAddress`
    IpAddress,
}

/// The kind of value a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    /// Compared as UUID; no patterns.
    Uuid,
    /// Text.
    Text,
    /// A point in time; no patterns.
    Time,
}

impl Column {
    /// Every column, in wire order.
    pub const ALL: [Self; 8] = [
        Self::Id,
        Self::Actor,
        Self::TenantId,
        Self::LoginTime,
        Self::TokenPayload,
        Self::LoginType,
        Self::DeviceInfo,
        Self::IpAddress,
    ];

    /// The wire name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Actor => "actor",
            Self::TenantId => "tenantId",
            Self::LoginTime => "loginTime",
            Self::TokenPayload => "tokenPayload",
            Self::LoginType => "loginType",
            Self::DeviceInfo => "deviceInfo",
            Self::IpAddress => "ipAddress",
        }
    }

    /// The column of a wire name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// What it holds.
    #[must_use]
    pub fn kind(self) -> ColumnKind {
        match self {
            Self::Id | Self::TenantId => ColumnKind::Uuid,
            Self::LoginTime => ColumnKind::Time,
            Self::Actor | Self::TokenPayload | Self::LoginType | Self::DeviceInfo | Self::IpAddress => {
                ColumnKind::Text
            }
        }
    }
}

/// A value to compare with, of the column's kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// For [`ColumnKind::Uuid`].
    Uuid(Uuid),
    /// For [`ColumnKind::Text`].
    Text(String),
    /// For [`ColumnKind::Time`].
    Time(Timestamp),
}

/// An ordering comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`, rows without a value included
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// A condition tree; its depth and size are limited where it is parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// All of them (none = true).
    And(Vec<Condition>),
    /// One of them (none = false).
    Or(Vec<Condition>),
    /// `column comparison value`
    Compare(Column, Comparison, Value),
    /// `column IN (…)`, or `NOT IN` with rows without a value included.
    In {
        /// The column.
        column: Column,
        /// Whether the list excludes.
        negated: bool,
        /// The list; empty = no row (every row when negated).
        values: Vec<Value>,
    },
    /// `column BETWEEN low AND high`, both ends included.
    Between(Column, Value, Value),
    /// SQL `LIKE` with `%`, `_` and `\` as escape; only on text.
    Like {
        /// The column, of kind text.
        column: Column,
        /// The pattern.
        pattern: String,
        /// `nlike`, `nilike`.
        negated: bool,
        /// `ilike`, `nilike`.
        ignore_case: bool,
    },
    /// Whether the column has no value.
    IsNull(Column, bool),
}

/// A whole query. The tenant is not part of it: the store adds it to every statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivityQuery {
    /// Which rows.
    pub condition: Option<Condition>,
    /// Sort keys, `true` = descending; the store appends the id as tie-breaker. Without any, oldest first.
    pub order: Vec<(Column, bool)>,
    /// Rows to skip.
    pub offset: u64,
    /// Most rows, 1…[`MAX_LIMIT`].
    pub limit: u32,
}

impl Default for ActivityQuery {
    fn default() -> Self {
        Self { condition: None, order: Vec::new(), offset: 0, limit: DEFAULT_LIMIT }
    }
}
