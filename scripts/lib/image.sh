# shellcheck shell=bash
# shellcheck disable=SC2154 # version, digest, is_built and unchanged are those of scripts/deploy.
# The image of a version: which one it is, and how it comes here under its tag. Sourced by scripts/deploy, after topology.sh.

# The version of package.json, and which commit it is. Changes that are not committed are said.
version_of_checkout () {
  local number commit
  number=$(sed -nE 's/^  "version": "([^"]+)".*/\1/p' "$ROOT/package.json")
  commit=$(git -C "$ROOT" rev-parse --short HEAD 2> /dev/null) || commit=$(date -u +%Y%m%d%H%M%S)
  [ -z "$(git -C "$ROOT" status --porcelain --untracked-files=no 2> /dev/null)" ] || commit=$commit-$(date -u +%Y%m%d%H%M%S)
  printf '%s-%s' "$number" "$commit"
}

# image_of NAME: id of the image that the replica runs.
image_of () { docker inspect -f '{{.Image}}' "$(container_of "$(service_of "$1")")"; }

# tag_of NAME: what Compose was told to run there.
tag_of () { docker inspect -f '{{.Config.Image}}' "$(container_of "$(service_of "$1")")"; }

# is_free IMAGE: no image has the tag of this version, or this one has it.
is_free () {
  [ "$DRY_RUN" = 0 ] || return 0
  local wanted here
  wanted=$(docker image inspect -f '{{.Id}}' "$1") || die "there is no image $1 here, though it was just made; $unchanged"
  here=$(docker image inspect -f '{{.Id}}' "$(image_name):$version" 2> /dev/null) || return 0
  [ "$here" = "$wanted" ]
}

# name_image IMAGE: gives it the tag of this version. Tags are for ever: what serves, or served, is found by its tag again.
name_image () {
  local is_other=0
  if is_free "$1"; then run docker tag "$1" "$(image_name):$version"; else is_other=1; fi
  [ "$is_built" = 0 ] || run docker image rm "$1"
  [ "$is_other" = 0 ] || die "$version is here already, from another build: give this one a tag of its own; $unchanged"
}

get_image () {
  local image
  image=$(image_name):$version
  if [ "$is_built" = 1 ]; then
    local -a build
    read -r -a build <<< "${DRAWBRIDGE_BUILD:-docker build}"
    # Under a name for the moment: who has the tag already is not known before it is built.
    run "${build[@]}" --build-arg "VERSION=$version" -t "$image.new" . || die "the image could not be built; $unchanged"
    name_image "$image.new"
  elif [ -n "$digest" ]; then
    run docker pull -q "$(image_name)@$digest" || die "$(image_name)@$digest cannot be pulled; $unchanged"
    name_image "$(image_name)@$digest"
  elif [ "$DRY_RUN" = 1 ]; then
    printf '+ look for the image %s\n' "$image"
  elif ! has_image "$version"; then
    [[ $image == */* ]] || die "there is no image $image here: use --build, or set DRAWBRIDGE_IMAGE to a registry's name; $unchanged"
    docker pull -q "$image" || die "$image cannot be pulled; $unchanged"
  fi
}
