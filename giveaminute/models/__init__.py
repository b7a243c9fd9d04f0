"""The application's tables as SQLAlchemy classes, at the newest version."""

from giveaminute.models.base import Base
from giveaminute.models.ideas import Idea, Keyword, Location, ProjectIdea
from giveaminute.models.messages import Digest, DirectMessage, StoppedPhone
from giveaminute.models.needs import Event, Need, Volunteer
from giveaminute.models.projects import (
    FeaturedProject,
    Project,
    ProjectEndorsement,
    ProjectInvite,
    ProjectLeader,
    ProjectLink,
    ProjectMember,
    ProjectMessage,
    ProjectResource,
    ProjectResourceUse,
)
from giveaminute.models.site import (
    Attachment,
    BadWords,
    CommunityLeader,
    HomepageQuestion,
    Image,
    SiteFeedback,
    Task,
)
from giveaminute.models.users import (
    BetaInviteCode,
    BetaInviteRequest,
    FacebookUser,
    TwitterUser,
    UnauthenticatedUser,
    User,
    UserGroup,
    UserGroupMember,
    WebSession,
)

__all__ = [
    "Attachment",
    "BadWords",
    "Base",
    "BetaInviteCode",
    "BetaInviteRequest",
    "CommunityLeader",
    "Digest",
    "DirectMessage",
    "Event",
    "FacebookUser",
    "FeaturedProject",
    "HomepageQuestion",
    "Idea",
    "Image",
    "Keyword",
    "Location",
    "Need",
    "Project",
    "ProjectEndorsement",
    "ProjectIdea",
    "ProjectInvite",
    "ProjectLeader",
    "ProjectLink",
    "ProjectMember",
    "ProjectMessage",
    "ProjectResource",
    "ProjectResourceUse",
    "SiteFeedback",
    "StoppedPhone",
    "Task",
    "TwitterUser",
    "UnauthenticatedUser",
    "User",
    "UserGroup",
    "UserGroupMember",
    "Volunteer",
    "WebSession",
]
