// The claims of a session token for your own API: see docs/your-own-api.md. Ory adds exp, iat, nbf and jti.
local claims = std.extVar('claims');
local session = std.extVar('session');
local identity = session.identity;
local email = std.get(identity.traits, 'email');
local metadata = std.get(identity, 'metadata_public');
local role = if std.isObject(metadata) then std.get(metadata, 'role');
local addresses = std.get(identity, 'verifiable_addresses', []);

{
  claims: {
    iss: claims.iss,
    aud: 'api',
    sub: identity.id,
    sid: session.id,
    aal: session.authenticator_assurance_level,
    [if email != null then 'email']: email,
    email_verified: std.length([a for a in addresses if a.verified && a.value == email]) > 0,
    // Only the admin API can change metadata_public: docs/roles.md.
    [if std.isString(role) then 'role']: role,
  },
}
