# Shoal is one static program with its pages inside, so the image is that program and nothing else; the program holds
# the certificate authorities it needs, where a machine has none. Build it first:
#
#   ./scripts/build && docker build -t shoal .
#   docker run --network host -v shoal:/data shoal
FROM scratch
COPY bin/shoal /shoal
ENV SHOAL_DATA=/data
VOLUME /data
EXPOSE 8080 1935 8189/udp 8189/tcp 3478/udp
ENTRYPOINT ["/shoal"]
CMD ["up"]
