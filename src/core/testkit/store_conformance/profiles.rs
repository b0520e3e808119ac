//! What clients may learn of users, how pages look, and what codes and sessions were allowed.

use std::sync::Arc;
use std::time::Duration;

use super::World;
use crate::domain::authorization::{Authorization, ClaimsRequest, CodeBinding, GrantType};
use crate::domain::client::ClientOAuth;
use crate::domain::grant::Consumed;
use crate::domain::hosted_pages::HostedPages;
use crate::domain::profile::{Address, Profile, ProfileDetails};
use crate::ports::store::Store;
use crate::testkit::Checked;
use crate::testkit::samples::sample_time;

const SECOND: Duration = Duration::from_secs(1);

/// A profile is empty at first, is replaced as a whole, and says when anything about the user changed.
///
/// # Errors
/// What the store refused.
pub async fn profiles(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (user, now) = (world.user.id, sample_time());
    let blank = Profile { details: ProfileDetails::default(), updated_at: now };
    assert_eq!(world.read().await?.profile(user).await?, Some(blank.clone()));
    assert_eq!(world.read().await?.profile(world.samples.id()).await?, None);

    let full = world.samples.profile_details();
    let half = ProfileDetails { address: Some(Address::default()), ..ProfileDetails::default() };
    let mut tx = world.write().await?;
    assert!(!tx.save_profile(user, &blank.details, now.plus(SECOND)).await?, "nothing changed");
    assert_eq!(tx.profile(user).await?, Some(blank));
    let mut at = now;
    for details in [full.clone(), half, ProfileDetails::default(), full.clone()] {
        at = at.plus(SECOND);
        assert!(tx.save_profile(user, &details, at).await?);
        assert_eq!(tx.profile(user).await?, Some(Profile { details, updated_at: at }));
    }
    assert!(!tx.save_profile(user, &full, at.plus(SECOND)).await?, "the same again");
    assert!(!tx.save_profile(world.samples.id(), &full, at).await?, "nobody");
    tx.save_user(&world.user, at.plus(SECOND)).await?;
    assert_eq!(tx.profile(user).await?, Some(Profile { details: full, updated_at: at.plus(SECOND) }));
    tx.commit().await?;
    Ok(())
}

/// How a tenant's pages look is empty at first, and is replaced as a whole.
///
/// # Errors
/// What the store refused.
pub async fn hosted_pages(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let (tenant, now) = (world.tenant.id, sample_time());
    let full = world.samples.hosted_pages();
    let mut tx = world.write().await?;
    assert_eq!(tx.hosted_pages(tenant).await?, HostedPages::default());
    assert!(!tx.save_hosted_pages(tenant, &HostedPages::default(), now).await?);
    assert!(tx.save_hosted_pages(tenant, &full, now).await?);
    assert!(!tx.save_hosted_pages(tenant, &full, now).await?);
    assert_eq!(tx.hosted_pages(tenant).await?, full);
    tx.save_tenant(&world.tenant, now).await?;
    assert_eq!(tx.hosted_pages(tenant).await?, full, "another's business");
    assert!(tx.save_hosted_pages(tenant, &HostedPages::default(), now).await?);
    assert_eq!(tx.hosted_pages(tenant).await?, HostedPages::default());
    assert_eq!(tx.hosted_pages(world.samples.id()).await?, HostedPages::default());
    assert!(!tx.save_hosted_pages(world.samples.id(), &full, now).await?);
    tx.commit().await?;
    Ok(())
}

/// What a client says to the OAuth 2.0 dialect comes back as it was written, also with a refresh token.
///
/// # Errors
/// What the store refused.
pub async fn oauth_clients(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let mut client = world.samples.client("other");
    client.oauth = world.samples.client_oauth();
    let mut session = world.samples.session(&world.membership, &client);
    session.oauth = Some(world.samples.authorization(None));
    let refresh = world.samples.refresh(session.id, None);
    let mut tx = world.write().await?;
    tx.add_client(&client, sample_time()).await?;
    assert_eq!(tx.client(client.key).await?.as_ref(), Some(&client));
    tx.add_session(&session).await?;
    tx.add_refresh(&refresh).await?;
    let presented = tx.presented_refresh(&refresh.token_hash, None).await?.ok_or("a refresh token")?;
    assert_eq!((&presented.client, &presented.session), (&client, &session));
    client.oauth = ClientOAuth::default();
    tx.save_client(&client, sample_time()).await?;
    assert_eq!(tx.client_by_client_id("other").await?, Some(client));
    tx.commit().await?;
    Ok(())
}

/// What codes are bound to and sessions were allowed comes back as it was written: everything, next to nothing, nothing.
///
/// # Errors
/// What the store refused.
pub async fn authorizations(store: Arc<dyn Store>) -> Checked {
    let world = World::create(store).await?;
    let browser = world.samples.browser_session(&world.membership, &world.client);
    let least = Authorization {
        grant_type: GrantType::Password,
        scopes: Vec::new(),
        resources: Vec::new(),
        claims: ClaimsRequest::default(),
        auth_time: i64::MAX,
        browser_session: None,
    };
    let least_bound = CodeBinding {
        authorization: least.clone(),
        redirect_uri: String::new(),
        code_challenge: None,
        nonce: None,
        state_hash: None,
    };
    let most = world.samples.authorization(Some(browser.id));
    let mut tx = world.write().await?;
    tx.add_browser_session(&browser).await?;
    for bound in [Some(world.samples.code_binding(most.clone())), Some(least_bound), None] {
        let mut grant = world.samples.grant(&world.membership, &world.client);
        grant.oauth = bound.map(Into::into);
        tx.add_grant(&grant).await?;
        assert_eq!(tx.unused_grant(&grant.code_hash).await?.as_ref(), Some(&grant));
        assert_eq!(tx.consume_grant(&grant.code_hash, sample_time()).await?, Consumed::Now(grant));
    }
    for allowed in [Some(most), Some(least), None] {
        let mut session = world.samples.session(&world.membership, &world.client);
        session.oauth = allowed;
        tx.add_session(&session).await?;
        assert_eq!(tx.session(session.id).await?, Some(session));
    }
    tx.commit().await?;
    Ok(())
}
