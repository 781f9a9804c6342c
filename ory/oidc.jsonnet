// Maps the claims of the OpenID provider (OIDC_ISSUER) to an account. The email address is verified only if the provider says so.
local claims = std.extVar('claims');
local name = {
  [if 'given_name' in claims then 'first']: claims.given_name,
  [if 'family_name' in claims then 'last']: claims.family_name,
};

{
  identity: {
    traits: {
      [if 'email' in claims then 'email']: claims.email,
      [if name != {} then 'name']: name,
    },
    verified_addresses: if 'email' in claims && std.get(claims, 'email_verified', false) then [{ via: 'email', value: claims.email }] else [],
  },
}
