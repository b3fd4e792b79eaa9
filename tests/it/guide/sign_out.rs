// The second example of `docs/guide/add_to_an_app.md`, for tests.

use axum::routing::post;
use tower_http::csrf::CsrfLayer;
use tower_sqrl::NotSignedIn;
use tower_sqrl::axum::SqrlError;

/// Adds a sign-out, and rejects forms of other sites.
fn with_sign_out(routes: Router) -> Router {
    // Add it before `sqrl.layer()`: SQRL's own paths have checks of their own.
    routes.route("/sign-out", post(sign_out)).layer(CsrfLayer::new())
}

async fn sign_out(session: Session) -> Result<Redirect> {
    session.flush().await.map_err(unavailable)?;
    Ok(Redirect::to("/"))
}

/// Redirects a reload or a bookmark, which brings no sign-in, to the sign-in page.
async fn signed_in_or_back(
    sqrl: Sqrl,
    session: Session,
    login: Result<SqrlLogin, SqrlError>,
) -> Result<Redirect> {
    match login {
        Err(SqrlError::NotSignedIn(NotSignedIn::Nothing)) => Ok(Redirect::to("/login")),
        // Another error is a response: the identity has changed (401), or a store failed (503).
        login => signed_in(sqrl, session, login?).await,
    }
}
