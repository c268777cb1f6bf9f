# Shoal is one static program with its pages inside, so the image is that program and nothing else; the program holds
# the certificate authorities it needs, where a machine has none. Build it first:
#
#   ./scripts/build && docker build -t shoal .
#   docker run --network host -v shoal:/data shoal
#
# It runs as nobody in particular, user 65532, and writes to /data alone: its file system may be read-only (--read-only).
# A folder of the machine's that is mounted there has to be that user's.
FROM scratch
COPY bin/shoal /shoal
COPY --chown=65532:65532 bin/data /data
ENV SHOAL_DATA=/data
VOLUME /data
USER 65532:65532
EXPOSE 8080 1935 8189/udp 8189/tcp 3478/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/shoal", "check"]
ENTRYPOINT ["/shoal"]
CMD ["up"]
