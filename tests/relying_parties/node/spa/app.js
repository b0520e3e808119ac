// A single-page application: one page, whatever the address. The server that it signs in at and the client that it is
// registered as are in /settings.json.
window.ready = (async () => {
  const { issuer, client_id, is_same_site } = await (await fetch('/settings.json')).json();

  const manager = new oidc.UserManager({
    authority: issuer,
    client_id,
    redirect_uri: `${location.origin}/callback`,
    silent_redirect_uri: `${location.origin}/silent`,
    post_logout_redirect_uri: `${location.origin}/signed-out`,
    scope: 'openid profile email',
    loadUserInfo: true,
    // A browser shows the iframe of another site no cookies: it would take everybody for signed out.
    monitorSession: is_same_site,
    checkSessionIntervalInSeconds: 1,
    userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  });
  window.manager = manager;

  manager.events.addUserLoaded(show);
  manager.events.addUserUnloaded(() => show(null));
  // Somebody signed out elsewhere: at another application, or at the server.
  manager.events.addUserSignedOut(() => manager.removeUser());

  if (location.pathname === '/silent') return manager.signinSilentCallback();
  if (location.pathname === '/callback') {
    await manager.signinRedirectCallback();
    history.replaceState(null, '', '/');
  }
  if (location.pathname === '/signed-out') {
    await manager.signoutRedirectCallback();
    history.replaceState(null, '', '/');
    document.body.dataset.returned = 'from signing out';
  }
  show(await manager.getUser());
})();

function show(user) {
  document.getElementById('user').textContent = user?.profile.email ?? 'nobody';
}

document.getElementById('sign-in').onclick = () => window.manager.signinRedirect();
document.getElementById('sign-out').onclick = () => window.manager.signoutRedirect();

// For the test: what happened.
window.ready.then(() => {
  const names = ['UserLoaded', 'UserUnloaded', 'UserSignedOut', 'UserSessionChanged', 'SilentRenewError'];
  for (const name of names) {
    window.manager.events[`add${name}`](() => {
      const item = document.createElement('li');
      item.textContent = name;
      document.getElementById('events').append(item);
    });
  }
});
